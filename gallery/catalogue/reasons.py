"""Why a client that one check is meant to catch cannot help failing others."""

from __future__ import annotations

from collections.abc import Mapping


def only(reasons: Mapping[str, str], *checks: str) -> dict[str, str]:
    return {check: reasons[check] for check in checks}


ONE = "retries.exactly-once"
SAME_KEY = "retries.same-key-on-retry"
RECOVERED = "retries.lost-response-recovered"
IN_PROGRESS = "retries.in-progress-waited-out"
TRANSIENT = "errors.transient-retried"

NEW_KEY = {
    ONE: "the order that was booked unseen is bought again",
    SAME_KEY: "the second order goes out under a key of its own",
    RECOVERED: "the order that it reports is the second one",
    IN_PROGRESS: "the original in progress is left behind for a second order",
    TRANSIENT: "the retry after a server error has another key",
}
NO_KEY = {
    SAME_KEY: "no key is another key",
    RECOVERED: "the API refuses the retry, so that the order is never found again",
    IN_PROGRESS: "no key is another key",
    TRANSIENT: "no key is another key",
    "rate-limits.own-envelope": "the API refuses the retry after the 429",
}
OTHER_BODY = {
    RECOVERED: "the API refuses the retry, so that the order is never found again",
    IN_PROGRESS: "the retry is another request than the one in progress",
}
GIVES_UP = {
    RECOVERED: "the order was booked although the answer did not say so",
    TRANSIENT: "giving up is all that it does after that server error",
}
MAKES_UP = {
    RECOVERED: "the id that it reports is not that of the order",
    IN_PROGRESS: "the id that it reports is not that of the order",
}
STOPS = {RECOVERED: "once rate limited, it never finds the order that was booked before"}
SILENT = "a client that sends nothing passes nothing"
