"""Which keys can be guessed: for want of chance, or because it is known what they are made from."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import CONTRACT, VERSION, exchange

from conformance.check import Observed, Unmet
from conformance.evidence import Call, ClockReading, Evidence, Outcome, PlannedOrder, Trial
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.judge.chance import FEWEST, randomness, too_guessable
from conformance.judge.derivation import Known, derivation
from conformance.judge.guessing import MANY, unguessable
from conformance.planning import orders
from gallery.key_styles import BEGAN, GUESSABLE, UNGUESSABLE, Style, when

FEW = 3
"""samples of each style; benchmarks/unguessable.py takes hundreds"""


def bits(style: Style, seed: str) -> float:
    chance = Random(seed)
    windows = [(when(number) - 2, when(number) + 2) for number in range(MANY)]
    return randomness([style(chance, number) for number in range(MANY)], windows)


@pytest.mark.parametrize("name", UNGUESSABLE)
def test_a_key_of_64_random_bits_is_never_called_guessable(name: str) -> None:
    assert not any(too_guessable(bits(UNGUESSABLE[name], f"{name} {time}")) for time in range(FEW))


@pytest.mark.parametrize("name", GUESSABLE)
def test_a_key_of_fewer_bits_is_found_out_however_long_it_is(name: str) -> None:
    assert all(too_guessable(bits(GUESSABLE[name], f"{name} {time}")) for time in range(FEW))


@settings(max_examples=30, derandomize=True, database=None, deadline=None)
@given(
    length=st.integers(64, 300),
    alphabet=st.sampled_from(
        ("0123456789", "0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "!#$%&()=?")
    ),
    before=st.text(max_size=12),
    after=st.text(max_size=12),
    seed=st.integers(0, 2**32),
)
def test_whatever_alphabet_random_bits_are_written_in_they_are_seen(
    length: int, alphabet: str, before: str, after: str, seed: int
) -> None:
    def written(number: int) -> str:
        text = ""
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            text += alphabet[digit]
            if not number:
                break
        return text

    chance = Random(seed)
    keys = [f"{before}{written(chance.getrandbits(length))}{after}" for _ in range(MANY)]
    assert not too_guessable(randomness(keys))


# What keys are made from.


def known(count: int = 8, seed: int = 5) -> list[Known]:
    planned = orders(CONTRACT, Random(seed), [()] * count)
    return [
        Known(
            f"{order.reference}-4fd2a1",
            order.body,
            json.dumps(order.body),
            (when(number), when(number) + 0.004),
        )
        for number, order in enumerate(planned)
    ]


def digest(algorithm: str, text: str) -> bytes:
    return hashlib.new(algorithm, text.encode()).digest()


def canonical(order: Known) -> str:
    return json.dumps(order.order, sort_keys=True, separators=(",", ":"))


Making = Callable[[Known, int], str]
DERIVED: dict[str, tuple[Making, str]] = {
    "the reference": (lambda order, number: order.reference, "the order's reference"),
    "its reference in capitals": (
        lambda order, number: order.reference.upper().replace("-", "_"),
        "the order's reference",
    ),
    "the reference backwards": (lambda order, number: order.reference[::-1], "the order's reference"),
    "the reference and a UUID": (
        lambda order, number: f"{order.reference}/{uuid.uuid4()}",
        "the order's reference",
    ),
    "the reference in base64": (
        lambda order, number: base64.b64encode(f"acme:{order.reference}".encode()).decode(),
        "the order's reference",
    ),
    "the reference in hex": (lambda order, number: order.reference.encode().hex(), "the order's reference"),
    "SHA-256 of the reference": (
        lambda order, number: digest("sha256", order.reference).hex(),
        "the order's reference, by SHA-256",
    ),
    "eight characters of it": (
        lambda order, number: digest("sha256", order.reference).hex()[:8],
        "the order's reference, by SHA-256",
    ),
    "the end of it": (
        lambda order, number: f"ord-{digest('sha1', order.reference).hex()[-16:]}",
        "the order's reference, by SHA-1",
    ),
    "it in base64": (
        lambda order, number: base64.urlsafe_b64encode(digest("sha256", order.reference)).decode(),
        "the order's reference, by SHA-256",
    ),
    "it in base32": (
        lambda order, number: base64.b32encode(digest("sha1", order.reference)).decode().lower(),
        "the order's reference, by SHA-1",
    ),
    "it as a number": (
        lambda order, number: str(int.from_bytes(digest("md5", order.reference))),
        "the order's reference, by MD5",
    ),
    "it in the shape of a random UUID": (
        lambda order, number: str(uuid.UUID(bytes=digest("sha256", order.reference)[:16], version=4)),
        "the order's reference, by SHA-256",
    ),
    "MD5 of the body": (lambda order, number: digest("md5", order.sent).hex(), "the order's content, by MD5"),
    "SHA-256 of the body, in canonical form": (
        lambda order, number: digest("sha256", canonical(order)).hex(),
        "the order's content, by SHA-256",
    ),
    "reference, amount and currency, hashed": (
        lambda order, number: digest(
            "sha256",
            "|".join(
                (
                    order.reference,
                    f"{order.order['items'][0]['face_value']:.2f}",  # type: ignore[index,call-overload]  # an order
                    str(order.order["payment_method"]["currency"]),  # type: ignore[index,call-overload]  # an order
                )
            ),
        ).hex(),
        "pieces of the order's content and the order's reference, by SHA-256",
    ),
    "a counter, hashed": (
        lambda order, number: digest("sha1", str(number + 900)).hex(),
        "a counter, by SHA-1",
    ),
    "milliseconds, hashed": (
        lambda order, number: digest("sha256", str(int(when(number) * 1000 + 1))).hex(),
        "the time, by SHA-256",
    ),
    "UUIDv5": (
        lambda order, number: str(uuid.uuid5(uuid.NAMESPACE_URL, order.reference)),
        "a name, by SHA-1 (a UUID of version 5)",
    ),
    "UUIDv3": (
        lambda order, number: uuid.uuid3(uuid.NAMESPACE_DNS, order.reference).hex,
        "a name, by MD5 (a UUID of version 3)",
    ),
    "UUIDv1": (lambda order, number: str(uuid.uuid1()), "the time and the machine (a UUID of version 1)"),
}


@pytest.mark.parametrize("name", DERIVED)
def test_it_is_found_what_a_key_is_made_from(name: str) -> None:
    make, source = DERIVED[name]
    several = known(4)
    assert derivation([make(order, number) for number, order in enumerate(several)], several) == source


@pytest.mark.parametrize(
    "written",
    [
        repr,
        lambda now: str(int(now * 1e6)),
        lambda now: str(int(now * 1e9)),
        lambda now: f"{now:.6f}",
        lambda now: f"{now % 1:.6f}00 {int(now)}",
        lambda now: datetime.fromtimestamp(now, UTC).isoformat(),
    ],
    ids=["a float", "microseconds", "nanoseconds", "a decimal fraction", "PHP's microtime", "a date"],
)
def test_finer_times_are_found_where_it_is_known_finely_when_a_key_was_made(
    written: Callable[[float], str],
) -> None:
    several = [
        replace(order, window=(when(number), when(number) + 2e-5)) for number, order in enumerate(known(3))
    ]
    keys = [digest("md5", written(when(number) + 1e-5)).hex() for number in range(3)]
    assert derivation(keys, several) == "the time, by MD5"


@pytest.mark.parametrize(
    "name", ["UUIDv4", "UUIDv4, base64", "UUIDv7", "ULID", "64 bits, decimal", "64 bits, base62"]
)
def test_a_random_key_is_made_from_nothing(name: str) -> None:
    chance, several = Random(name), known(4)
    assert derivation([UNGUESSABLE[name](chance, number) for number in range(4)], several) is None


def test_a_key_that_begins_like_every_reference_is_not_made_from_it() -> None:
    several = known()
    assert all(order.reference.startswith("order-") for order in several)
    assert derivation([f"order-{UNGUESSABLE['UUIDv4'](Random(1), 0)}" for _ in several], several) is None


def test_a_key_that_the_client_writes_into_its_order_is_not_made_from_the_order() -> None:
    chance = Random(3)
    keys = [UNGUESSABLE["UUIDv4"](chance, number) for number in range(8)]
    several = [
        replace(order, sent=json.dumps({**order.order, "description": f"order {key}"}))
        for order, key in zip(known(), keys, strict=True)
    ]
    assert derivation(keys, several) is None


def test_two_orders_prove_nothing() -> None:
    several = known(2)
    assert derivation([order.reference for order in several], several) is None


# The judge.


def case(keys: list[str | None]) -> Case:
    several = known(len(keys))
    evidence = Evidence(
        Trial(
            tuple(
                PlannedOrder(order.reference, dict(order.order), f"{number}")
                for number, order in enumerate(several)
            )
        ),
        tuple(
            exchange(
                number + 1,
                reference=order.reference,
                attempt=1,
                body=order.sent,
                idempotency_key=key,
                received_at=when(number) - BEGAN,
            )
            for number, (order, key) in enumerate(zip(several, keys, strict=True))
        ),
        (),
        tuple(
            Call(order.reference, 1, when(number) - BEGAN, None, Outcome("created", "O-1"))
            for number, order in enumerate(several)
        ),
        clock=ClockReading("virtual", 10.0, began=BEGAN),
    )
    return Case(evidence, CONTRACT, VERSION)


def styled(style: Style, count: int = MANY) -> Case:
    chance = Random(1)
    return case([style(chance, number) for number in range(count)])


def test_random_keys_of_many_orders_are_a_pass() -> None:
    assert list(unguessable(styled(UNGUESSABLE["ULID"]))) == [Observed()]


def test_few_random_bits_are_told_with_some_of_the_keys() -> None:
    (found,) = unguessable(styled(GUESSABLE["32 bits, hex"]))
    assert isinstance(found, Violation)
    assert (found.rule, found.exchanges, found.on_any_clock) == ("few random bits", (1, 2, 3), True)
    assert found.summary.startswith(
        "the keys of 32 orders have 32 random bits at the most; at least 64 are asked for: "
    )


def test_what_a_key_was_made_from_is_told_with_one_of_them() -> None:
    references = [order.reference for order in known(MANY)]
    (found,) = unguessable(case([f"acme-{reference}" for reference in references]))
    assert isinstance(found, Violation)
    assert found.rule == "derived"
    assert found.summary == (
        f"the keys of 32 orders are made from the order's reference; {references[0]} went out under "
        f"acme-{references[0]}"
    )


def test_too_few_keys_prove_nothing_good() -> None:
    (said,) = unguessable(styled(UNGUESSABLE["UUIDv4"], FEWEST - 1))
    assert said == Unmet("15 keys are too few to tell how random they are")


def test_orders_without_a_key_prove_nothing_good() -> None:
    (said,) = unguessable(case([None] * MANY))
    assert said == Unmet("0 keys are too few to tell how random they are")


def test_the_same_key_for_two_orders_is_no_random_one() -> None:
    chance = Random(1)
    keys: list[str | None] = [UNGUESSABLE["UUIDv4"](chance, number) for number in range(MANY)]
    keys[20] = keys[3]
    (found,) = unguessable(case(keys))
    assert isinstance(found, Violation)
    assert found.rule == "alike"
