"""The account's key, tried from several places: from here, from an address of this machine, through a proxy.

What lives here: one ping from each place, and what its answer says of the key. Whoever is asked on the way cannot
answer for the API: an answer counts only if it speaks as the contract does.
What must never be known here: what the answers amount to.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.contract import Contract
from conformance.endpoint.routes import RIGHT, Route, read_route
from conformance.judge.reach import Place, Probe, Result
from conformance.mistakes import Mistakes
from conformance.premises import Premises
from conformance.production import is_on_this_machine, refusals
from conformance.sandbox.documents import Unreadable, read_document
from conformance.sandbox.templates import point

if TYPE_CHECKING:
    import httpx

    from conformance.endpoint.line import Answer


def routes(premises: Premises) -> dict[Place, Route | None]:
    """From where the key is tried; None for a place that the profile does not name. Raises Mistakes."""
    named: dict[Place, str | None] = {
        "inside": premises.profile.account.probes.inside,
        "outside": premises.profile.account.probes.outside,
    }
    found: dict[Place, Route | None] = {"here": Route()}
    for place, text in named.items():
        try:
            found[place] = None if text is None else read_route(text)
        except ValueError as error:
            raise Mistakes([f"account.probes.{place}: {error}"]) from None
    return found


def preview(premises: Premises) -> str:
    """What would be sent, a line for each place."""
    places = filter(None, routes(premises).values())
    return "\n".join(["would send:", *(f"GET {_url(premises)} {route}" for route in places)])


def probes(premises: Premises) -> dict[Place, Probe]:
    """One ping from each place. Raises KeyUnavailable, and Mistakes for an address, or a key, that nothing is sent to
    or with.
    """
    assert premises.endpoint is not None
    # Looked at before, where the options are read. This is the place that sends.
    _refuse_production(premises, {"--api": premises.endpoint}, None)
    key = premises.key().reveal()
    _refuse_production(premises, {}, key)
    return {
        place: Probe(place) if route is None else _probe(premises, key, place, route)
        for place, route in routes(premises).items()
    }


def _refuse_production(premises: Premises, addresses: Mapping[str, str], key: str | None) -> None:
    if not premises.production and (wrong := refusals(addresses, key, premises.contract)):
        raise Mistakes(wrong)


def _probe(premises: Premises, key: str, place: Place, route: Route) -> Probe:
    from conformance.endpoint.limits import Turnstile, gentle
    from conformance.endpoint.line import exchange, trust

    if why := _unasked(premises, place, route):
        return Probe(place, str(route), "unreachable", why)
    trusted = trust()
    try:
        transport = _transport(route, trusted)
    except ValueError:  # what urllib can read, httpx may not; its own words repeat the URL
        return Probe(place, str(route), "unreachable", f"its URL cannot be used; {RIGHT}")
    contract, limits = premises.contract, premises.limits or gentle(premises.contract)
    headers = (
        (contract.auth.header, key),
        (contract.versions.header, contract.versions.current),
        ("Accept", "application/json"),
    )
    with Turnstile(limits).passing(order=False):
        answer = exchange(
            "GET",
            _url(premises),
            headers,
            None,
            trusted=trusted,
            patience=limits.patience,
            largest=limits.largest,
            transport=transport,
        )
    return Probe(place, str(route), *read_answer(answer, contract))


def _url(premises: Premises) -> str:
    operation = premises.contract.operations[premises.contract.ping_operation]
    return f"{premises.endpoint}{operation.path}"


def _unasked(premises: Premises, place: Place, route: Route) -> str | None:
    """Why this place is not asked, although it is named."""
    if route.proxy and urlsplit(_url(premises)).scheme != "https" and not is_on_this_machine(route.proxy):
        return "it was not asked, since over plain http the proxy would see the key"
    allowlist = premises.profile.account.ip_allowlist
    if route.address is None or allowlist is None:
        return None
    address = ipaddress.ip_address(route.address)
    listed = any(address in network for network in _networks(allowlist))
    if place == "outside" and listed:
        return "it was not asked, since it is on the allowlist itself"
    # Behind a router one's own address says nothing of the one that the API sees.
    if place == "inside" and not listed and address.is_global:
        return "it was not asked, since it is not on the allowlist"
    return None


def _networks(allowlist: Sequence[str]) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for entry in allowlist:
        try:
            yield ipaddress.ip_network(entry.strip(), strict=False)
        except ValueError:  # another check says so
            continue


def _transport(route: Route, trusted: ssl.SSLContext) -> httpx.AsyncHTTPTransport | None:
    import httpx

    if route.address:
        return httpx.AsyncHTTPTransport(verify=trusted, local_address=route.address)
    if route.proxy:
        parts = urlsplit(route.proxy)
        over_tls = trusted if parts.scheme.lower() == "https" else None
        return httpx.AsyncHTTPTransport(verify=trusted, proxy=httpx.Proxy(route.proxy, ssl_context=over_tls))
    return None


def read_answer(answer: Answer, contract: Contract) -> tuple[Result, str]:
    """What an answer to the ping says of the key, and in which words it did."""
    if answer.problem or answer.status is None:
        return "unreachable", answer.problem or "no answer"
    status = answer.status
    try:
        document = read_document(answer.body)
    except Unreadable:
        document = None
    versions = contract.versions.header.lower()
    named = any(name.lower() == versions for name, _ in answer.headers)
    type_ = point(document, contract.errors.type_field)
    known = isinstance(type_, str) and type_ in contract.error_types
    told = f"{status} {type_}" if known else f"{status}"
    expected = contract.operations[contract.ping_operation].answer
    alike = isinstance(document, dict) and isinstance(expected, dict) and expected.keys() <= document.keys()
    if 200 <= status < 300 and (alike or (named and isinstance(document, dict))):
        return "accepted", told
    if status in (401, 403) and (named or known):
        return "refused", told
    if status == 407:
        return "unreachable", "the proxy asks for another user or password (407)"
    if named or known:
        return "unreachable", f"it answered {told}, which says nothing of the key"
    return "unreachable", f"{status} came back, but not from the API: not in its words"
