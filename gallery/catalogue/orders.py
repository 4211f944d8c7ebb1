"""Clients of `gallery/orders.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

EXHIBITS: tuple[Exhibit, ...] = (
    broken("orders.AcceptedIsCompleted", "orders.accepted-is-not-completed"),
    broken("orders.CompletedAfterAWhile", "orders.accepted-is-not-completed"),
    broken("orders.PollsHot", "orders.polling-is-gentle"),
    broken("orders.PollsForEver", "orders.polling-is-gentle"),
    broken("orders.PollsFasterAndFaster", "orders.polling-is-gentle"),
    broken("orders.OverlooksFailure", "orders.failed-is-surfaced"),
    broken("orders.FailedIsUndecided", "orders.failed-is-surfaced"),
)
