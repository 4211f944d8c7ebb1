"""A canary is a valid key, and its secret is found in every disguise, wherever it stands."""

from __future__ import annotations

import base64
import hashlib
import json
import pprint
import random
import textwrap
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.contracts import load_contract
from conformance.hygiene.canary import MOST_SIGHTINGS, REDACTED, Canary, Scanner, mint
from conformance.planning import RECIPIENT

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
    "hex with colons": SECRET.encode().hex(":"),
    "hex as a C array": ", ".join(f"0x{byte:02X}" for byte in SECRET.encode()),
    "hex as in a Buffer": f"<Buffer {SECRET.encode().hex(' ')}>",
    "hex of UTF-16": CANARY.key.encode("utf-16-le").hex(),
    "character codes": json.dumps(list(SECRET.encode())),
    "a list of characters": repr(list(SECRET)),
    "words of hexdump": " ".join(SECRET.encode()[at : at + 2][::-1].hex() for at in range(0, 30, 2)),
    "percent, twice": percent(SECRET).replace("%", "%25"),
    "percent, three times": percent(SECRET).replace("%", "%2525"),
    "\\u": "".join(f"\\u{ord(character):04x}" for character in SECRET),
    "\\u of signs alone": SECRET.replace("~", "\\u007E").replace("_", "\\u005f").replace("-", "\\u002d"),
    "\\u with braces": "".join(f"\\u{{{ord(character):x}}}" for character in SECRET),
    "\\x": "".join(f"\\x{ord(character):02x}" for character in SECRET),
    "\\x in JSON": json.dumps("".join(f"\\x{ord(character):02x}" for character in SECRET)),
    "octal": "".join(f"\\{ord(character):03o}" for character in SECRET),
    "HTML entities": "".join(f"&#{ord(character)};" for character in SECRET),
    "HTML entities in hex": "".join(f"&#x{ord(character):X};" for character in SECRET),
    "HTML entities, twice": "".join(f"&amp;#{ord(character)};" for character in SECRET),
    "HTML entities of signs": SECRET.replace("~", "&#126;").replace("_", "&#95;").replace("-", "&#x2d;"),
    "UTF-16": CANARY.key.encode("utf-16-le").decode("latin-1"),
    "UTF-16, big end first": SECRET.encode("utf-16-be").decode("latin-1"),
    "UTF-32": SECRET.encode("utf-32-le").decode("latin-1"),
    "repr of UTF-16": repr(SECRET.encode("utf-16-le")),
    "quoted for a shell": f"-H $'X-Api-Key: {CANARY.key}'",
    "in colours": f"{SECRET[:5]}\x1b[1;36m{SECRET[5:9]}\x1b[0m{SECRET[9:]}",
    "in strings put together": f"'{SECRET[:8]}' + '{SECRET[8:16]}' + '{SECRET[16:]}'",
    "with dashes between": "-".join(SECRET[at : at + 4] for at in range(0, 32, 4)),
    "base64, twice": base64.b64encode(base64.b64encode(CANARY.key.encode())).decode(),
    "base64 of base64 with padding of others": base64.b64encode(
        b"xy" + base64.urlsafe_b64encode(b"a" + SECRET.encode())
    ).decode(),
    "base64 of UTF-16": base64.b64encode(CANARY.key.encode("utf-16-le")).decode(),
    "base32": base64.b32encode(b"abc" + SECRET.encode()).decode(),
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


LAID_OUT = {
    "wrapped": "\n".join(SECRET[at : at + 7] for at in range(0, len(SECRET), 7)),
    "wrapped and indented": textwrap.indent(
        "\n".join(SECRET[at : at + 6] for at in range(0, 31, 6)), " " * 60
    ),
    "wrapped with carriage returns": "\r\n".join(SECRET[at : at + 5] for at in range(0, 31, 5)),
    "quoted like a mail": "\n> ".join(SECRET[at : at + 8] for at in range(0, 31, 8)),
    "escaped breaks": "\\n".join(SECRET[at : at + 8] for at in range(0, 31, 8)),
    "pretty printed": pprint.pformat({"headers": {"X-Api-Key": CANARY.key.replace("-", " -")}}, width=20),
    "base64 in lines": base64.encodebytes(b"." * 40 + CANARY.key.encode() + b"." * 40).decode(),
    "base64 in short lines": "\n  ".join(
        textwrap.wrap(base64.b64encode(CANARY.key.encode()).decode(), 10, break_on_hyphens=False)
    ),
    "xxd": "\n".join(
        f"{at:08x}: {CANARY.key.encode()[at : at + 16].hex(' ', 2):<40} {CANARY.key[at : at + 16]}"
        for at in range(0, len(CANARY.key), 16)
    ),
    "hexdump -C": "\n".join(
        f"{at:08x}  {CANARY.key.encode()[at : at + 16].hex(' ')}  |................|"
        for at in range(0, len(CANARY.key), 16)
    ),
}


@pytest.mark.parametrize("text", LAID_OUT.values(), ids=LAID_OUT)
def test_a_secret_is_found_over_several_lines(text: str) -> None:
    found = SCANNER.sightings(f"first line\n{text}\nlast line", "log")
    assert found
    assert found[0].line is not None
    assert 2 <= found[0].line <= 4
    assert SCANNER.sightings(SCANNER.redact(text), "") == ()


@pytest.mark.parametrize("text", [*DISGUISES.values(), *LAID_OUT.values()], ids=[*DISGUISES, *LAID_OUT])
def test_an_excerpt_shows_no_four_characters_of_the_secret(text: str) -> None:
    for sighting in SCANNER.sightings(f"before {text} after", "log"):
        small = sighting.excerpt.lower()
        for at in range(len(SECRET) - 3):
            assert SECRET[at : at + 4].lower() not in small
            assert SECRET[at : at + 4].encode().hex() not in small


def test_each_run_of_ten_is_found_and_none_of_nine() -> None:
    for at in range(len(SECRET) - 9):
        assert SCANNER.sightings(f"“{SECRET[at : at + 10]}”", "")
        assert not SCANNER.sightings(f"“{SECRET[at : at + 9]}”", "")
        assert SCANNER.sightings(percent(SECRET[at : at + 10]), "")
        assert SCANNER.sightings(SECRET[at : at + 10].encode().hex(), "")
        for offset in range(3):
            assert SCANNER.sightings(base64.b64encode(b"." * offset + SECRET[at : at + 10].encode()), "")


@settings(max_examples=60, deadline=None, database=None)
@given(st.randoms(use_true_random=False), st.binary(max_size=300))
def test_a_stranger_s_bytes_are_no_leak_and_survive_redaction(rng: random.Random, data: bytes) -> None:
    canary = mint(CONTRACT, rng)
    scanner = Scanner(canary)
    assert scanner.sightings(data, "") == ()
    text = data.decode("latin-1") + canary.key + data.decode("latin-1")
    assert scanner.sightings(text, "")
    assert canary.secret not in scanner.redact(text)
    assert scanner.sightings(scanner.redact(text), "") == ()


def test_random_tokens_are_no_leak() -> None:
    rng = random.Random(4)
    tokens = "\n".join("".join(rng.choices(CONTRACT.auth.secret_alphabet, k=32)) for _ in range(20_000))
    assert SCANNER.sightings(tokens, "") == ()


def test_payout_links_and_recipients_are_told_apart_from_the_key() -> None:
    canary = mint(CONTRACT, random.Random(2))
    scanner = Scanner(canary)
    link = f"https://payout.example/{canary.payout}7"
    text = f"{canary.key}\n{link}\nmail to ada.{RECIPIENT}@example.com"
    assert [(each.what, each.line) for each in scanner.sightings(text, "log")] == [
        ("key", 1),
        ("payout-link", 2),
        ("recipient", 3),
    ]
    shown = scanner.redact(text)
    assert shown.splitlines()[1:] == [
        "https://payout.example/[payout link]7",
        "mail to ada.[recipient]@example.com",
    ]
    assert Scanner(canary, ("key",)).sightings(link, "") == ()


def test_a_flood_of_one_secret_hides_no_other() -> None:
    canary = mint(CONTRACT, random.Random(2))
    text = f"{canary.payout}\n" * 5_000 + canary.key
    found = Scanner(canary).sightings(text, "log")
    assert len(found) == MOST_SIGHTINGS + 1
    assert (found[-1].what, found[-1].line) == ("key", 5_001)


def test_a_canary_without_links_hunts_for_none() -> None:
    assert SCANNER.hunted == ("key", "recipient")
    assert "payout" not in repr(mint(CONTRACT, random.Random(1)))


@pytest.mark.parametrize("bait", ["near misses", "percents", "zeros", "noise"])
def test_what_is_made_to_be_slow_is_scanned_in_one_pass(bait: str) -> None:
    data = {
        "near misses": SECRET[:9].encode() * 100_000,
        "percents": b"%25" * 300_000,
        "zeros": bytes(1_000_000),
        "noise": random.Random(1).randbytes(1_000_000),
    }[bait]
    stream = SCANNER.stream("log")
    for first in range(0, len(data), 1 << 16):
        stream.feed(data[first : first + (1 << 16)])
    stream.feed(b" " + SECRET.encode())
    (sighting,) = stream.finish()
    assert sighting.form == "plain"


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
        SECRET[:9] + " 88 " + SECRET[9:18],
        hashlib.sha256(CANARY.key.encode()).hexdigest(),
        hashlib.sha256(SECRET.encode()).hexdigest(),
        base64.b64encode(hashlib.sha256(SECRET.encode()).digest()).decode(),
        f"{CANARY.prefix}.{SECRET[:4]}****{SECRET[-4:]}",
        f"{CANARY.prefix}.{SECRET[:6]}…(32)",
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


def test_text_that_is_no_unicode_comes_back_as_text_that_can_be_kept() -> None:
    assert SCANNER.redact(f"\ud800{SECRET}é\udfff") == "\\ud800[secret]é\\udfff"
    assert SCANNER.redact("\ud800 and nothing else") == "\\ud800 and nothing else"
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
