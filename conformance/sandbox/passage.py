"""Which faults let a request through to the API, by which it is decided what a real endpoint is sent. Pure.

What lives here: one question in each function.
What must never be known here: how anything is sent, and what comes of it.
"""

from __future__ import annotations

from conformance.evidence import Trial
from conformance.faults import (
    Close,
    Drip,
    Empty,
    Error,
    ExtraFields,
    Fault,
    Garbage,
    Hang,
    Html,
    InProgress,
    Kill,
    Malformed,
    Ok,
    OtherVersion,
    Processing,
    Redirect,
    Reordered,
    Reset,
    Slow,
    Truncate,
)


def obstacle(fault: Fault) -> str | None:
    """Why there is no such fault in front of a real endpoint; None if there is."""
    if isinstance(fault, Error) and fault.cached and fault.booked:
        return "an order and a stored error under one key are nothing that the endpoint can be made to have"
    if isinstance(fault, Processing):
        return "how long an order takes, and whether it fails, is up to the endpoint behind the proxy"
    return None


def goes_through(fault: Fault | None) -> bool:
    """Does a request that meets this fault reach the API?"""
    match fault:
        case (
            None
            | Ok()
            | Truncate()
            | Drip()
            | OtherVersion()
            | ExtraFields()
            | Reordered()
            | Slow()
            | InProgress()
        ):
            return True
        case Reset() | Close() | Hang() | Garbage() | Html() | Empty() | Malformed():
            return fault.when == "after"
        case Kill():
            return fault.when == "after" or (fault.when == "answered" and fault.type is None)
        case Error():
            return fault.booked
        case Redirect():
            return fault.of == "others"
        case _:
            return False


def forwards(trial: Trial) -> int:
    """Orders that a client may be expected to have sent on: one for each attempt that gets through, and one that gets
    its answer. A client that sends more counts as it goes.
    """
    orders = trial.orders * (2 if trial.twice else 1)
    return sum(1 + min(4, sum(map(goes_through, order.schedule))) for order in orders)


def hides_answer(fault: Fault) -> bool:
    """Does the client see nothing of the order's own answer?"""
    match fault:
        case Reset() | Close() | Hang() | Garbage() | Html():
            return True
        case Kill():
            return fault.when == "after"
        case Error():
            return fault.booked
        case InProgress():
            return fault.form != "102-then-final"
        case _:
            return False
