"""What a client has let out: secrets in whatever it wrote.

What must never be known here: how secrets are found.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence import RETURNED, Exchange, Secret, Sighting
from conformance.finding import Violation
from conformance.hygiene.spans import MARKS
from conformance.judge.case import Case


def spilt(case: Case, what: Secret, called: str) -> Iterator[Violation]:
    """Each output that such a secret stands in. What the caller alone was told, and where the client keeps its orders,
    are no place for the key; but a link is for the caller to hand on, and who is to have it belongs to the order.
    """
    for output in case.evidence.outputs:
        if what != "key" and (output.stream == RETURNED or output.kept):
            continue
        seen = next((sighting for sighting in output.sightings if sighting.what == what), None)
        if seen is not None:
            yield Violation(
                f"{called} in {output.stream}",
                f"{called} ({seen.form}) stands in {_where(seen)}: {seen.excerpt}",
                on_any_clock=True,
            )


def _where(sighting: Sighting) -> str:
    place = "what the client told its caller" if sighting.place == RETURNED else sighting.place
    return f"line {sighting.line} of {place}" if sighting.line else place


def gave_link(exchange: Exchange) -> bool:
    """Was the client given a payout link, or at least a part of the answer with it?"""
    return MARKS["payout-link"] in exchange.response_body and exchange.delivered != "none"


def named_recipient(exchange: Exchange) -> bool:
    """Did the client's request say whom the order is for?"""
    return MARKS["recipient"] in exchange.body
