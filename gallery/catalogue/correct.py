"""Clients that no check may accuse of anything, whatever their manners."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit

_KEYS = ("retries.key-unguessable", "retries.key-unique-per-order")
"""the checks for which it matters what a key looks like"""

EXHIBITS: tuple[Exhibit, ...] = (
    Exhibit("gallery.reference:Reference.place_order"),
    Exhibit("gallery.correct.surfacing:place_order"),
    Exhibit("gallery.correct.twice_at_once:place_order"),
    Exhibit("gallery.correct.requests_session:place_order"),
    Exhibit("gallery.correct.tenacity_client:place_order"),
    Exhibit("gallery.correct.stamina_client:place_order"),
    Exhibit("gallery.correct.reconciling:place_order"),
    Exhibit("gallery.correct.breaker:place_order"),
    Exhibit("gallery.correct.queue_worker:place_order"),
    Exhibit("gallery.correct.asyncio_httpx:place_order"),
    Exhibit("gallery.correct.polling:place_order"),
    Exhibit("gallery.orders:Polling.place_order"),
    Exhibit("gallery.correct.short_keys:SixtyFourBits.place_order", select=_KEYS),
    Exhibit("gallery.correct.short_keys:TimeOrdered.place_order", select=_KEYS),
    Exhibit("gallery.hostile:LeavesThreads.place_order"),
    # Two checks are enough to see that the suite bears it; all of them would be twenty gigabytes.
    Exhibit("gallery.hostile:Floods.place_order", select=("versions.supported", "account.ip-allowlist-sane")),
)
