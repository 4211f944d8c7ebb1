"""Whether a client is ready does not depend on the clock that it is examined on."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from conformance.clock.acceleration import NoAcceleration, accelerator
from conformance.options import ClockChoice
from gallery.viewing import view

KEYS, ENVELOPE, WAITS, PINNED, STAYS, LISTED, REVOKED = CHECKS = (
    "retries.key-on-every-order",
    "rate-limits.own-envelope",
    "rate-limits.waits-at-least",
    "versions.pinned",
    "account.key-stays-on-host",
    "account.key-not-in-process-list",
    "account.revoked-key-stops",
)
CLIENTS: Mapping[str, frozenset[str]] = {
    "gallery.reference:Reference.place_order": frozenset(),
    "gallery.correct.surfacing:place_order": frozenset(),
    "gallery.rate_limits:WaitsFourSeconds.place_order": frozenset({WAITS}),
    "gallery.retries:NoKeyOnRetry.place_order": frozenset({KEYS, ENVELOPE}),
    "gallery.versions:NoVersion.place_order": frozenset({PINNED}),
    "gallery.network:FollowsRedirects.place_order": frozenset({STAYS}),
    "gallery.processes:KeyForItsHelper.place_order": frozenset({LISTED}),
    "gallery.processes:RefusedKeyIsUnknown.place_order": frozenset({REVOKED}),
}
"""clients, and the checks that fail: those alone are put to them, and all to the others"""
SETTINGS: tuple[tuple[bool, ClockChoice, tuple[str, ...]], ...] = (
    (False, "virtual", CHECKS),
    # Called by the host, trials on the real clock go one after another: what takes minutes is left out.
    (False, "real", (ENVELOPE,)),
    (True, "accelerated", CHECKS),
    (True, "real", CHECKS),
)
"""in a process of its own or not, the clock, and the checks"""
AT_ONCE = 10
"""examinations side by side: most of them wait"""

Setting = tuple[bool, ClockChoice, tuple[str, ...]]


def failed(visit: tuple[str, Setting]) -> frozenset[str]:
    target, (as_worker, clock, select) = visit
    results = view(target, select=select, as_worker=as_worker, clock=clock)
    unproven = {check: result.reason for check, result in results.items() if result.status == "error"}
    assert unproven == {}
    return frozenset(check for check, result in results.items() if result.status == "failed")


def test_the_same_checks_fail_on_every_clock() -> None:
    settings = [each for each in SETTINGS if each[1] != "accelerated" or can_accelerate()]
    visits = [
        (target, (as_worker, clock, tuple(check for check in checks if not fails or check in fails)))
        for as_worker, clock, checks in settings
        for target, fails in CLIENTS.items()
        if not fails or fails & set(checks)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = dict(zip(visits, pool.map(failed, visits), strict=True))

    assert seen == {(target, setting): CLIENTS[target] & set(setting[2]) for target, setting in visits}


def can_accelerate() -> bool:
    try:
        accelerator()
    except NoAcceleration:
        return False
    return True
