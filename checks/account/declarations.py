"""What is said of the account, without any client: the keys that there are, and from where they may be used."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import NotApplicable, Observed, Remark, declared
from conformance.contract import Contract
from conformance.finding import Violation
from conformance.hygiene.addresses import problems
from conformance.profile import Profile


@declared(
    "account.ip-allowlist-sane",
    severity="major",
    title="The IP allowlist is there and says what it should",
    impact="A stolen key works from anywhere in the world, or on the day of going live from nowhere.",
    remedy="List exactly the public addresses that your servers call from, each once, as narrow as they are.",
    why="The allowlist is the last thing that stands between a leaked key and the money. An entry left over from "
    "a laptop or a whole cloud region makes it worthless; a private address or a missing server means that "
    "every call is refused in the first minute of going live.",
)
def ip_allowlist_sane(profile: Profile, contract: Contract) -> Iterator[Remark]:
    """The allowlist that the profile declares is read: it exists, parses, is public, minimal, and free of
    duplicates and overlaps. Whether the vendor enforces it is not looked at.

    The list is there, every entry is a public address or a narrow range, and none is there twice or inside another.
    This is what the profile declares; nothing of it was observed.
    """
    if profile.account.ip_allowlist is None and not profile.account.keys:
        yield NotApplicable("account not examined: the profile names no keys and no allowlist")
        return
    found = problems(profile.account.ip_allowlist or (), contract)
    for problem in found:
        yield Violation("allowlist", problem)
    if not found:
        yield Observed()
