"""What a client asked, was answered and said, in a few words each. Pure.

What lives here: the words for every fault, answer and outcome.
What must never be known here: in which order things happened, and what the words are shown in.
"""

from __future__ import annotations

from conformance.evidence import Call, Certificate, Exchange, Handshake, Place
from conformance.faults import (
    Drip,
    Error,
    InProgress,
    Kill,
    Malformed,
    MalformedForm,
    OtherVersion,
    Processing,
    RateLimit,
    Redirect,
)
from conformance.reporting.plain import plain
from conformance.reporting.quantities import duration, shortened

LEFT_BY_SERVER = frozenset({"reset", "close", "truncate", "garbage", "kill"})
"""faults after which it says nothing that the client closes its end too"""
NEVER_ARRIVES = frozenset({"reset", "close", "hang", "truncate", "drip"})


def left_by_server(exchange: Exchange) -> bool:
    """Did the line go down from the API's end, so that the client's closing it means nothing?"""
    fault = exchange.fault
    if isinstance(fault, Error):
        return fault.lost
    return fault is not None and fault.fault in LEFT_BY_SERVER


def never_arrives(exchange: Exchange) -> bool:
    """Did the client get no whole answer, nor anything in its place?"""
    fault = exchange.fault
    match fault:
        case Error():
            return fault.lost
        case Kill():
            return fault.when != "answered"
        case _:
            return fault is not None and fault.fault in NEVER_ARRIVES


def named(exchange: Exchange) -> str:
    """Clients count their attempts; findings speak of requests by their number among all."""
    request = f"request {exchange.number}"
    if exchange.attempt is None:
        return request
    return f"attempt {exchange.attempt}{'' if exchange.attempt == exchange.number else f' ({request})'}"


_ELSEWHERE: dict[Place, str] = {
    "other-host": "at another host",
    "other-port": "at another port",
    "plain-http": "in the clear",
}
_SHOWN: dict[Certificate, str] = {
    "good": "good",
    "self-signed": "self-signed",
    "unknown-ca": "from an unknown authority",
    "expired": "expired",
    "not-yet-valid": "not valid yet",
    "wrong-host": "for another host",
}


def asked(exchange: Exchange) -> str:
    """A request that is no attempt, and where it arrived."""
    elsewhere = f" {_ELSEWHERE[exchange.at]}" if exchange.at in _ELSEWHERE else ""
    return f"{named(exchange)}{elsewhere}: {plain(exchange.method, 10)} {plain(exchange.target, 90)}"


def shaken(handshake: Handshake, spoken: bool) -> str | None:
    """What a client did about the certificate that it was shown; None if there is nothing to tell. `spoken`: it said
    something over this connection.
    """
    if handshake.certificate == "good" and handshake.completed and not handshake.alert:
        return None
    if spoken:
        did = "takes it"
    elif handshake.alert:
        did = f"breaks off ({plain(handshake.alert, 60)})"
    else:
        did = "hangs up"
    return f"connects, is shown a certificate that is {_SHOWN[handshake.certificate]}, and {did}"


def said(call: Call) -> str:
    """What the client said in the end, or how the call ended without a word of it."""
    outcome = call.outcome
    if outcome is None:
        endings = {
            "crashed": "crashed",
            "hung": "did not come back, and was ended",
            "stopped": "was ended by the suite",
            "killed": "was killed, as the schedule has it",
            "answered": "came back without an outcome",
        }
        detail = plain(", ".join(call.detail.splitlines()), 200)
        return f"{endings[call.ending]}: {detail}" if detail else endings[call.ending]
    order_id = None if outcome.order_id is None else shortened(plain(outcome.order_id, 80))
    told = [order_id, outcome.status, outcome.type]
    words = [plain(part, 80) for part in told if part]
    # What a client raised often says its own type again.
    if call.detail and not any(word in call.detail for word in words):
        words.append(f"({plain(', '.join(call.detail.splitlines()), 120)})")
    return " ".join([outcome.kind, *words])


_LOST = {
    "reset": "connection reset, no answer",
    "close": "connection closed, no answer",
    "hang": "no answer, the line stays open",
    "garbage": "bytes that are no HTTP",
}
_UNREADABLE = {
    "truncate": "cut off in the middle",
    "html": "with a load balancer's HTML page",
    "empty": "with an empty body",
}
_MALFORMED: dict[MalformedForm, str] = {
    "html": "with an HTML page",
    "empty": "with an empty body",
    "truncated-json": "with half of a JSON document",
    "list": "with a JSON list",
    "text": "with a JSON string",
    "null": "with JSON null",
    "no-id": "without an id or type",
    "wrong-type": "as plain text",
    "wrong-charset": "with bytes that are no UTF-8",
    "huge": "after five megabytes of white space",
}
_ODD = {
    "extra-fields": "with properties never seen before",
    "reordered": "its properties in another order",
    "revoke": "the key having just been revoked",
}


def answered(exchange: Exchange) -> str:
    """What became of the answer, seen from outside."""
    fault = exchange.fault
    kind = "ok" if fault is None else fault.fault
    status = "an answer" if exchange.status is None else str(exchange.status)
    text = _plain_answer(exchange)
    if kind in _LOST:
        text = _LOST[kind]
    elif kind in _UNREADABLE:
        text = f"{status}, {_UNREADABLE[kind]}"
    elif kind in _ODD:
        text = f"{text}, {_ODD[kind]}"
    match fault:
        case Redirect():
            text = _redirected(exchange, fault)
        case RateLimit():
            asked = exchange.retry_after
            wait = "no Retry-After" if asked is None else f"Retry-After {duration(asked)}"
            text = f"{status} rate limited, {wait}"
        case InProgress():
            text = _in_progress(exchange, fault.form)
        case Malformed():
            text = f"{status}, {_MALFORMED[fault.form]}"
        case Drip():
            text = f"{status}, then a byte every {duration(fault.seconds)}, without end"
        case OtherVersion():
            text = f"{text}, naming version {plain(fault.version, 40)}"
        case Processing():
            text = f"{text}; {fault.ends} after {duration(fault.seconds)}"
        case Error():
            text = _error(text, fault)
        case Kill():
            text = f"{text}; the client is killed" if fault.when == "answered" else "the client is killed"
    return text


def _redirected(exchange: Exchange, fault: Redirect) -> str:
    place = fault.to.replace("other-", "another ").replace("-", " ")
    if exchange.answer != "redirect":
        return f"{_plain_answer(exchange)}; from now on all but orders is sent to {place}"
    return f"{exchange.status}, go to {'another place of the API' if fault.hops else place}"


def _error(text: str, fault: Error) -> str:
    if fault.lost:
        text = f"connection reset instead of {plain(fault.type, 80)}"
    if fault.cached:
        text = f"{text}, stored for this key"
    if fault.words != "given":
        text = f"{text}, {'without' if fault.words == 'missing' else 'with null for'} message and help"
    elif fault.message is not None:
        text = f'{text}, message "{plain(fault.message, 60)}"'
    return f"{text}, {_ODD[fault.shape]}" if fault.shape != "plain" else text


def _in_progress(exchange: Exchange, form: str) -> str:
    interim = exchange.interim_status or exchange.status or "interim"
    match form:
        case "102-bare":
            return f"{interim} in progress, and nothing else"
        case "102-body":
            return f"{interim} in progress, with a body"
        case "102-then-final":
            return f"{interim} in progress, then {_plain_answer(exchange)}"
        case _:
            return f"{_plain_answer(exchange)}: in progress"


def _plain_answer(exchange: Exchange) -> str:
    if not exchange.complete:
        return "the request was broken off"
    if exchange.answer == "none":
        return "no answer"
    words = ["" if exchange.status is None else str(exchange.status)]
    words.append(plain(exchange.error_type or exchange.answer, 80))
    if exchange.order_id and exchange.order_id != exchange.booked:
        words.append(shortened(exchange.order_id))
    text = " ".join(word for word in words if word)
    return f"{text}, replayed" if exchange.replayed else text
