"""Asynchronous orders: accepted is not completed, and somebody has to ask."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import Remark, check
from conformance.judge.case import Case
from conformance.judge.courses import failure_told, polled_gently, told_as_it_is
from conformance.plans import asynchronous

PACE = "how long an order takes, and whether it fails in the end, is up to the endpoint"
"""why nothing can be staged behind a proxy"""


@check(
    "orders.accepted-is-not-completed",
    severity="major",
    title="An accepted order is not told as completed",
    impact="The shop tells a customer that the gift card is there, while the order is still being worked on and may "
    "yet fail.",
    remedy="Report the status that the API gave, not the one that a 2xx suggests: 202 means accepted. Tell it as "
    "completed only after the order was fetched and said so.",
    why="An asynchronous order is answered 202, and the client takes every 2xx for done. The shop sends the mail with "
    "the gift card, whose link does not exist yet, and for one order in a thousand never will, since it failed a "
    "minute later.",
    floor=asynchronous.taking_their_time,
    generated=asynchronous.any_course,
    only_simulated=PACE,
)
def accepted_is_not_completed(case: Case) -> Iterator[Remark]:
    """Asynchronous orders that take half a minute, of one item and of two. Where the client names a status with its
    outcome, it is compared with how the order stood at that moment.

    The client placed an asynchronous order and named a status that the order had had by then. Not applicable to
    clients that ask for synchronous orders, or that name no status.
    """
    for story in case.stories:
        yield from told_as_it_is(case, story)


@check(
    "orders.polling-is-gentle",
    severity="major",
    title="Polling is gentle and ends",
    impact="A backlog at the vendor becomes a storm of polls, which the account's own rate limit ends for everybody; "
    "or a call waits for good for an order that is stuck.",
    remedy="Leave at least a second between two polls for an order, longer as time goes by, and give up after some "
    "minutes: report created with the status that is known, and look again later.",
    why="Two hundred orders wait for the vendor, and for each of them somebody asks ten times a second whether it is "
    "done. The account is limited, new orders are refused, and when one order is stuck for good, its thread asks "
    "until the process is restarted.",
    floor=asynchronous.never_done,
    generated=asynchronous.any_course,
    timed=True,
    only_simulated=PACE,
)
def polling_is_gentle(case: Case) -> Iterator[Remark]:
    """Asynchronous orders that take half a minute, and one that is never done. Every request by which the client asks
    how its order stands counts.

    By the median at least a second passes between two polls for an order, they do not come faster and faster, and
    the call for the order that is never done ends within an hour. Not applicable to clients that do not poll.
    """
    for story in case.stories:
        yield from polled_gently(case, story)


@check(
    "orders.failed-is-surfaced",
    severity="major",
    title="A failed order is told as failed",
    impact="The shop believes in an order that will never be delivered, and nobody looks into it.",
    remedy="Look at the status of every order that is fetched: FAILED is an end of its own. Tell it as rejected, or as "
    "created together with the status.",
    why="An order is accepted, and fails behind the scenes: a product ran out. The client polls until the order is no "
    "longer in progress, and takes that for success. The customer is told that the gift card is on its way, and asks "
    "for it three weeks later.",
    floor=asynchronous.failed,
    generated=asynchronous.any_course,
    only_simulated=PACE,
)
def failed_is_surfaced(case: Case) -> Iterator[Remark]:
    """Asynchronous orders that fail at once or after a few seconds, and a client that fetches them.

    Whoever has fetched a failed order tells it as rejected, or as created with that status. Not applicable to clients
    that answer before they know what became of the order.
    """
    for story in case.stories:
        yield from failure_told(case, story)
