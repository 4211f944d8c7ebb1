"""The table: each client of the gallery, the check that must catch it, and what else it cannot help failing.

Each module of clients has one of its own here. What must never be known here: how a client is examined.
"""

from __future__ import annotations

from gallery.catalogue import (
    account,
    answers,
    correct,
    errors,
    hostile,
    keys,
    later,
    lives,
    network,
    node,
    orders,
    processes,
    rate_limits,
    reading,
    retries,
    secrets,
    versions,
)
from gallery.catalogue.exhibit import Exhibit

BROKEN: tuple[Exhibit, ...] = (
    *account.EXHIBITS,
    *secrets.EXHIBITS,
    *network.EXHIBITS,
    *processes.EXHIBITS,
    *retries.EXHIBITS,
    *keys.EXHIBITS,
    *answers.EXHIBITS,
    *lives.EXHIBITS,
    *later.EXHIBITS,
    *errors.EXHIBITS,
    *reading.EXHIBITS,
    *rate_limits.EXHIBITS,
    *versions.EXHIBITS,
    *orders.EXHIBITS,
    *hostile.EXHIBITS,
    *node.BROKEN,
)
"""Clients that are each wrong in one way."""

CORRECT: tuple[Exhibit, ...] = (
    *correct.EXHIBITS,
    *processes.CORRECT,
    *secrets.CORRECT,
    *network.CORRECT,
    *node.CORRECT,
)
"""Clients that no check may accuse of anything, whatever their manners."""

__all__ = ["BROKEN", "CORRECT", "Exhibit"]
