"""Where the key and the orders went: to a server that had shown a bad certificate, or to where a redirect led. Pure.

What must never be known here: any vendor's names, and how a client is made to trust a certificate.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import NotApplicable, Note, Observed, Remark, Unmet
from conformance.evidence import Certificate, Exchange, Place
from conformance.faults import Redirect
from conformance.finding import Violation
from conformance.judge.case import Case

SHOWN: dict[Certificate, str] = {
    "good": "good",
    "self-signed": "self-signed",
    "unknown-ca": "from an authority that nobody knows",
    "expired": "expired",
    "not-yet-valid": "not valid yet",
    "wrong-host": "for another host",
}
PLACES: dict[Place, str] = {
    "api": "the API",
    "other-host": "another host",
    "other-port": "another port",
    "plain-http": "the same host in the clear",
}
_TRUST = (
    "SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, NODE_EXTRA_CA_CERTS and Java's trust store were set for it; if "
    "it keeps to authorities of its own, hand it the file that context.ca_file, {ca_file} in client.env or "
    "GOLIVE_CA_FILE names"
)


def trusted(case: Case) -> Iterator[Remark]:
    """The precondition of all that is said about TLS: with a good certificate an order arrives."""
    yield Observed() if case.attempts else Unmet(why_nothing_arrived(case))


def why_nothing_arrived(case: Case) -> str:
    """What kept the client from placing an order over TLS with a good certificate, and what to do about it."""
    evidence = case.evidence
    said = next((call.detail.strip() for call in evidence.calls if call.detail.strip()), "")
    last = f"; it said: {' '.join(said.split())[:200]}" if said else ""
    in_the_clear = any(exchange.at == "plain-http" for exchange in evidence.exchanges)
    if in_the_clear or not evidence.handshakes:
        did = "it spoke plain http" if in_the_clear else "it did not connect"
        return (
            f"the client's base URL began with https, and {did}; if the profile writes the URL itself, have it use "
            f"{{base_url}} as a whole{last}"
        )
    if (
        any(not handshake.completed or handshake.alert for handshake in evidence.handshakes)
        or not case.requests
    ):
        return f"the client does not trust the sandbox's good certificate: {_TRUST}{last}"
    return f"the client placed no order over TLS, although the certificate was good{last}"


def refused(case: Case) -> Iterator[Remark]:
    """Neither the key nor an order went to a server with a bad certificate, or into the clear instead."""
    evidence = case.evidence
    shown = {handshake.connection: handshake.certificate for handshake in evidence.handshakes}
    bad = next((certificate for certificate in shown.values() if certificate != "good"), None)
    if bad is None:
        # Who never speaks TLS falls back to nothing: with the good certificate it is told what is wrong.
        yield Unmet(
            "the client did not connect again when the certificate had changed"
            if shown
            else "the client opened no connection over TLS, so it was shown none"
        )
        return
    yield Observed()
    for exchange in evidence.exchanges:
        cargo = _cargo(exchange)
        if exchange.at == "plain-http" and cargo:
            yield Violation(
                "fell back to plain http",
                f"when it was shown a certificate that is {SHOWN[bad]}, the client sent {cargo} in the clear instead: "
                f"{_told(exchange)}",
                (exchange.number,),
                on_any_clock=True,
            )
        elif shown.get(exchange.connection, "good") != "good":
            seen = SHOWN[shown[exchange.connection]]
            yield (
                Violation(
                    f"took a certificate that is {seen}",
                    f"{_told(exchange)} brought {cargo} to a server whose certificate is {seen}",
                    (exchange.number,),
                    on_any_clock=True,
                )
                if cargo
                else Note(f"a request without key and order went to a server whose certificate is {seen}")
            )


def met_redirects(case: Case) -> Iterator[Remark]:
    """The precondition: every redirect of the trial was delivered."""
    if case.evidence.trial.certificate is not None and not case.attempts:
        yield Unmet(why_nothing_arrived(case))
        return
    faults = [
        fault for story in case.stories for fault in story.order.schedule if isinstance(fault, Redirect)
    ]
    if any(fault.of == "others" for fault in faults):
        yield _met_beside_orders(case)
        return
    met = [attempt for _, attempt in case.faulty("redirect") if attempt.delivered == "complete"]
    if missing := len(faults) - len(met):
        yield Unmet(
            f"{missing} of {len(faults)} redirects did not reach the client, which sent no such attempt"
        )
    elif faults:
        yield Observed()


def _met_beside_orders(case: Case) -> Remark:
    """The same where not the attempts are redirected, but whatever a client asks beside them."""
    attempts = [attempt.number for attempt in case.attempts]
    others = [
        request
        for request in case.requests
        if request.number not in attempts and request.number > min(attempts, default=0)
    ]
    if any(each.answer == "redirect" and each.delivered == "complete" for each in others):
        return Observed()
    if not attempts or others:
        return Unmet("no request beside the attempts was redirected")
    return NotApplicable("the client asks nothing of the API but to place orders")


def arrived_elsewhere(case: Case) -> Iterator[Remark]:
    """The key, wherever it is not the API."""
    for exchange in case.evidence.exchanges:
        if exchange.at == "api":
            continue
        place = PLACES[exchange.at]
        found = [f"in its {sighting.place}" for sighting in exchange.sightings if sighting.what == "key"]
        if exchange.credential == "good":
            found = ["in its own header"]
        if found:
            yield Violation(
                f"key at {place}",
                f"{_told(exchange)} brought the key to {place}, {found[0]}{_sent_there(case, exchange)}",
                (exchange.number,),
                on_any_clock=True,
            )
        elif exchange.body:
            yield Note(f"a redirect was followed to {place} with the order, without the key")


def _sent_there(case: Case, exchange: Exchange) -> str:
    """By which answer."""
    before = [
        earlier
        for earlier in case.requests
        if isinstance(earlier.fault, Redirect)
        and earlier.number < exchange.number
        and earlier.fault.to == exchange.at
    ]
    return f", where the {before[-1].status} to request {before[-1].number} had sent it" if before else ""


def _cargo(exchange: Exchange) -> str:
    """What a request has with it that is nobody else's business."""
    key = exchange.credential == "good" or any(sighting.what == "key" for sighting in exchange.sightings)
    return " and ".join(["the key"] * key + ["the order"] * bool(exchange.body))


def _told(exchange: Exchange) -> str:
    return f"request {exchange.number} ({exchange.method} {exchange.target})"
