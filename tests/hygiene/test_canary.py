"""A canary is a valid key, and its secret is found in every disguise, wherever it stands."""

from __future__ import annotations

import base64
import random
import urllib.parse

import pytest

from conformance.contracts import load_contract
from conformance.hygiene.canary import MOST_SIGHTINGS, REDACTED, Canary, Scanner, mint

CONTRACT = load_contract("runa")
CANARY = Canary("XXab12cd.~kW9_pQ7-xZ3mB5vN1rT8yL4cH6dJ0s", "XXab12cd", "~kW9_pQ7-xZ3mB5vN1rT8yL4cH6dJ0s")
SCANNER = Scanner(CANARY)
SECRET = CANARY.secret


def percent(text: str) -> str:
    return "".join(f"%{ord(character):02X}" for character in text)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


DISGUISES = {
    "plain": f"key={CANARY.key}",
    "secret alone": SECRET,
    "upper case": SECRET.upper(),
    "first ten": SECRET[:10],
    "last ten": SECRET[-10:],
    "ten of the middle": f"…{SECRET[11:21]}…",
    "percent, all of it": percent(SECRET),
    "percent, lower case": percent(SECRET).lower(),
    "percent, tilde only": SECRET.replace("~", "%7E"),
    "percent, no unreserved": SECRET.replace("~", "%7e").replace("_", "%5F").replace("-", "%2D"),
    "hex": SECRET.encode().hex(),
    "hex, upper case": SECRET.encode().hex().upper(),
    "hex of the whole key": CANARY.key.encode().hex(),
    "base64 of the key": base64.b64encode(CANARY.key.encode()).decode(),
    "Basic, as user": basic(CANARY.key, ""),
    "Basic, as password": basic("api", CANARY.key),
    "base64 of half of it": base64.b64encode(SECRET[:16].encode()).decode(),
    **{
        f"base64, {offset} bytes in": base64.b64encode(b"?" * offset + SECRET.encode() + b"??").decode()
        for offset in range(3)
    },
    **{
        f"URL-safe base64, {offset} bytes in": base64.urlsafe_b64encode(
            b"\xff" * offset + SECRET.encode() + b"\xff\xfe"
        ).decode()
        for offset in range(3)
    },
}


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_secret_is_found_once_and_taken_out(text: str) -> None:
    line = f"first line\nDEBUG sending {text} to the server\nlast line"
    (sighting,) = SCANNER.sightings(line, "stderr")
    assert (sighting.place, sighting.line) == ("stderr", 2)
    assert REDACTED in sighting.excerpt
    assert len(sighting.excerpt) <= 120
    redacted = SCANNER.redact(line)
    assert REDACTED in redacted
    assert SCANNER.sightings(redacted, "") == ()
    assert SCANNER.sightings(sighting.excerpt, "") == ()
    assert redacted.startswith("first line\nDEBUG sending ")
    assert redacted.endswith(" to the server\nlast line")


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES)
def test_no_disguise_escapes_the_quick_look(text: str) -> None:
    assert SCANNER.suspects(f"a line {text} of text".encode())


def test_the_quick_look_lets_an_ordinary_order_pass() -> None:
    assert not SCANNER.suspects(
        b'{"items": [{"face_value": 10.5}], "reference": "4f0c7c1e-4f5c-4c59-9a5e%20"}'
    )


def test_the_form_is_named() -> None:
    def form(text: str) -> str:
        return SCANNER.sightings(text, "")[0].form

    assert form(SECRET) == "plain"
    assert form(SECRET[:12]) == "plain, in part"
    assert form(percent(SECRET)) == "percent-encoding"
    assert form(SECRET.encode().hex()) == "hex"
    assert form(base64.b64encode(b"ab" + SECRET.encode() + b"cd").decode()) == "base64"
    assert form("Authorization: " + basic("me", CANARY.key)) == "Basic credentials"


@pytest.mark.parametrize(
    "text",
    [
        "",
        CANARY.prefix,
        f"{CANARY.prefix}.…",
        SECRET[:9],
        f"{CANARY.prefix}.****{SECRET[-4:]}",
        SECRET[:9] + " " + SECRET[9:18],
        base64.b64encode(CANARY.prefix.encode()).decode(),
        SECRET[::-1],
        "%%%%",
    ],
)
def test_what_may_be_shown_is_no_sighting(text: str) -> None:
    assert SCANNER.sightings(text, "") == ()
    assert SCANNER.redact(text) == text


def test_the_public_prefix_stays_readable() -> None:
    assert SCANNER.redact(f"using {CANARY.key}!") == "using XXab12cd.[secret]!"


def test_text_that_is_no_unicode_comes_back_as_it_was() -> None:
    assert SCANNER.redact(f"\ud800{SECRET}é\udfff") == "\ud800[secret]é\udfff"
    (sighting,) = SCANNER.sightings(b"\xff\x00\x1b[31m" + SECRET.encode() + b"\xfe", "core")
    assert sighting.excerpt.isprintable()


def test_a_line_full_of_keys_shows_none_of_them() -> None:
    text = " ".join([SECRET] * 5)
    found = SCANNER.sightings(text, "")
    assert len(found) == 5
    assert all(SECRET[:10] not in sighting.excerpt for sighting in found)
    assert SCANNER.redact(text) == " ".join([REDACTED] * 5)


@pytest.mark.parametrize("size", [1, 7, 100, 5_000, 200_000])
def test_a_stream_finds_the_same_however_it_is_cut(size: int) -> None:
    rng = random.Random(size)
    text = "".join(
        f"{'x' * rng.randrange(9000)} {rng.choice(list(DISGUISES.values()))}\n" for _ in range(40)
    ).encode()
    stream = SCANNER.stream("log")
    for first in range(0, len(text), size):
        stream.feed(text[first : first + size])
    found = stream.finish()
    assert [sighting.line for sighting in found] == list(range(1, 41))
    assert not any(SCANNER.sightings(sighting.excerpt, "") for sighting in found)


def test_a_flood_of_keys_is_cut_short() -> None:
    assert len(SCANNER.sightings(f"{SECRET}\n" * 5_000, "")) == MOST_SIGHTINGS


@pytest.mark.parametrize("environment", [None, "production", "playground"])
def test_a_minted_key_is_valid_and_belongs_to_its_environment(environment: str | None) -> None:
    rng = random.Random(5)
    for _ in range(200):
        canary = mint(CONTRACT, rng, environment)
        assert CONTRACT.key_pattern.fullmatch(canary.key)
        assert canary.key == f"{canary.prefix}.{canary.secret}"
        assert CONTRACT.environment_of_key(canary.key) == (environment or "playground")
        assert Scanner(canary).redact(canary.key) == f"{canary.prefix}.{REDACTED}"


def test_the_same_seed_mints_the_same_key() -> None:
    assert mint(CONTRACT, random.Random(1)) == mint(CONTRACT, random.Random(1))
    assert mint(CONTRACT, random.Random(1)).key != mint(CONTRACT, random.Random(2)).key


def test_a_canary_keeps_itself_out_of_its_own_repr() -> None:
    assert SECRET not in repr(CANARY)


def test_a_contract_that_contradicts_itself_cannot_mint() -> None:
    broken = CONTRACT.model_copy(update={"auth": CONTRACT.auth.model_copy(update={"secret_length": 3})})
    with pytest.raises(ValueError, match=r"contract runa: no key made of auth\.prefix_length"):
        mint(broken, random.Random(1))


def test_every_percent_encoder_is_recognised() -> None:
    text = urllib.parse.quote(CANARY.key, safe="")
    assert SCANNER.sightings(f"https://api.example/?key={text}", "target")
