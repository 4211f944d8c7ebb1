"""Is a declared IP allowlist one that a reviewer would sign?

What lives here: what can be said of the list by looking at it. Pure.
What must never be known here: whether the vendor's side really has this list, and where the suite runs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from conformance.contract import Contract

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

WIDEST: dict[int, int] = {4: 24, 6: 56}
"""shortest prefix by IP version: an office, or a site, but no provider"""

# Reserved for documentation, so that examples can be given; nobody's servers are there, nor can ever be.
_DOCUMENTATION = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)
_KINDS = (
    ("unspecified", "is_unspecified"),
    ("loopback", "is_loopback"),
    ("link-local", "is_link_local"),
    ("site-local", "is_site_local"),
    ("multicast", "is_multicast"),
    ("private", "is_private"),
    ("reserved", "is_reserved"),
)


# Ranges with a purpose of their own, that Python calls public, or by no name.
_OF_OTHERS = (
    (ipaddress.ip_network("100.64.0.0/10"), "of a provider's inner network (CGNAT)"),
    (ipaddress.ip_network("192.88.99.0/24"), "of relays that nobody runs any more (6to4)"),
    (ipaddress.ip_network("2002::/16"), "an IPv4 address in disguise (6to4)"),
    (ipaddress.ip_network("2001::/32"), "an IPv4 address in disguise (Teredo)"),
    (ipaddress.ip_network("64:ff9b::/96"), "an IPv4 address in disguise (NAT64)"),
)


def problems(allowlist: Sequence[str], contract: Contract) -> tuple[str, ...]:
    """What is wrong with the list, a sentence for each, in its order; nothing when it is sane.

    Entries are IPv4 or IPv6 addresses or networks. The contract's webhook addresses do not belong on it:
    they are where the vendor calls from.
    """
    if not allowlist:
        return ("The list is empty, so every address may use the key: name the addresses of your servers.",)
    found: list[str] = []
    networks: list[tuple[str, Network]] = []
    for entry in allowlist:
        network = _network(entry)
        if network is None:
            found.append(_unreadable(entry))
            continue
        found += _wrong_alone(entry, network)
        found += _wrong_together(entry, network, networks)
        found += _webhooks(entry, network, contract)
        networks.append((entry, network))
    return tuple(found)


def _network(entry: str) -> Network | None:
    try:
        network = ipaddress.ip_network(entry.strip(), strict=False)
    except ValueError:
        return None
    # What carries an IPv4 address inside an IPv6 one is about the IPv4 address.
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.ip_network((mapped, network.prefixlen - 96))
    return network


def _unreadable(entry: str) -> str:
    address, slash, _ = entry.strip().partition("/")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return f"{entry!r} is no IP address or network: write it like 203.0.113.7 or 203.0.113.0/28."
    version = ipaddress.ip_address(address).version
    longest = 32 if version == 4 else 128
    assert slash
    return f"{entry!r} has no valid length after the slash: it goes from 0 to {longest}."


def _wrong_alone(entry: str, network: Network) -> list[str]:
    found = []
    kind = _not_public(network)
    if kind is not None:
        found.append(
            f"{entry!r} is {kind}, so it is not where your requests are seen to come from: name the public address."
        )
    widest = WIDEST[network.version]
    if network.prefixlen < widest:
        found.append(
            f"{entry!r} lets {_counted(network)} addresses in: name your own, nothing wider than a /{widest}."
        )
    written = entry.strip().partition("/")[0]
    if "%" in written:
        found.append(f"{entry!r} has a zone, which means something on one machine alone: leave %… out.")
    address = ipaddress.ip_address(written.partition("%")[0])
    plain = getattr(address, "ipv4_mapped", None) or address
    if network.prefixlen < network.max_prefixlen and plain != network.network_address:
        found.append(
            f"{entry!r} has bits set beyond its length, so the whole of {network} is meant or a single address: "
            f"write {network} or {written}."
        )
    return found


def _not_public(network: Network) -> str | None:
    if any(_covers(documentation, network) for documentation in _DOCUMENTATION):
        return None
    for others, name in _OF_OTHERS:
        if _covers(others, network):
            return name
    for name, attribute in _KINDS:
        if getattr(network, attribute, False):  # some are for IPv6 alone
            return name
    if not network.is_global and network.prefixlen >= WIDEST[network.version]:
        return "reserved"
    return None


def _wrong_together(entry: str, network: Network, before: Sequence[tuple[str, Network]]) -> list[str]:
    for other_entry, other in before:
        if other == network:
            return [f"{entry!r} is on the list twice{_as(entry, other_entry)}: leave one out."]
    for other_entry, other in before:
        if other.version == network.version and other.overlaps(network):
            inner, outer = (entry, other_entry) if _covers(other, network) else (other_entry, entry)
            return [f"{inner!r} lies within {outer!r}: keep the one that you mean."]
    return []


def _webhooks(entry: str, network: Network, contract: Contract) -> list[str]:
    for address in contract.webhook_addresses:
        vendor = _network(address)
        if vendor is not None and vendor.version == network.version and vendor.overlaps(network):
            return [
                f"{entry!r} takes in {address}, from where {contract.title} calls you: that belongs on your own "
                "firewall's list, and this list has only your addresses."
            ]
    return []


def _covers(outer: Network, inner: Network) -> bool:
    return (
        outer.version == inner.version
        and outer.network_address <= inner.network_address  # type: ignore[operator]  # versions are equal
        and outer.broadcast_address >= inner.broadcast_address  # type: ignore[operator]  # as above
    )


def _as(entry: str, other: str) -> str:
    return "" if entry.strip() == other.strip() else f", as {other!r} too"


def _counted(network: Network) -> str:
    free = network.max_prefixlen - network.prefixlen
    return f"{1 << free:,}" if free <= 32 else f"2^{free}"
