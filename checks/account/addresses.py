"""From where the key works: the IP restriction, tried out at a real endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import NotApplicable, Note, Remark, Unmet, inspected
from conformance.endpoint.probing import preview, probes
from conformance.judge.reach import ACCEPTED, REFUSED, restricted
from conformance.keys import KeyUnavailable
from conformance.premises import Premises


@inspected(
    "account.ip-restriction-enforced",
    severity="major",
    title="The key works from the listed addresses and from nowhere else",
    impact="A key that leaks can be used from anywhere in the world, whatever the allowlist says; or one of your own "
    "servers is turned away on the day of going live.",
    remedy="Ask the vendor to switch the restriction on for this key, with exactly the addresses of the profile's "
    "allowlist. If the probe's own address is on the list, name another one as account.probes.outside.",
    why="The allowlist was agreed on in a mail and never switched on, or for another key, or with last year's "
    "addresses. Nothing shows it, since everything works. When the key turns up in somebody's repository, whoever "
    "finds it can order gift cards from wherever they are.",
    aspects=(ACCEPTED, REFUSED),
)
def ip_restriction_enforced(premises: Premises) -> Iterator[Remark]:
    """A ping with the account's key is sent to the endpoint that --api or --proxy names: from where the run stands, and
    through account.probes, an address of this machine or a proxy inside of the allowlist and one outside of it. What a
    proxy says by itself is not taken for the API's answer. Nothing is ordered.

    The key was accepted from one place and refused, by the API itself, from another: never accepted from what the
    profile calls outside, nor refused from what it calls inside. Of the place where the run stands nobody knows on
    which side of the list it is. A key that is refused everywhere proves nothing: it may be dead.
    """
    if not premises.profile.account.keys:
        for aspect in (ACCEPTED, REFUSED):
            yield NotApplicable("account not examined: the profile names no keys", aspect=aspect)
        return
    if premises.endpoint is None:
        yield from _untried("nothing is sent anywhere unasked: say --api URL, and the key is tried there")
        return
    if premises.dry_run:
        yield Note(preview(premises))
        yield from _untried("dry run: nothing was sent")
        return
    try:
        found = probes(premises)
    except KeyUnavailable as unavailable:
        yield from _untried(str(unavailable))
        return
    yield from restricted(found["here"], found["inside"], found["outside"])


def _untried(why: str) -> Iterator[Remark]:
    yield from (Unmet(why, aspect) for aspect in (ACCEPTED, REFUSED))
