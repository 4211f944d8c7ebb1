"""What must not get out: the key goes to the API in its header, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Observed, Remark, Unmet, check
from conformance.faults import RateLimit
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.planning import singles, trial


@check(
    "account.key-in-header-only",
    severity="blocker",
    title="The key travels in its header and nowhere else",
    impact="Whoever reads a proxy log, a browser history or a support ticket can order in your name.",
    remedy="Send the key in the contract's header of every request, and take it out of query strings, bodies, "
    "other headers and idempotency keys.",
    why="A key in a query string is written down by every proxy, load balancer and analytics tool on the way, and "
    "kept for years. Nobody notices until one of those logs is read by the wrong person, who can then order "
    "gift cards in your name until the key is revoked.",
    floor=lambda contract: {
        "an undisturbed order": plans.undisturbed(contract),
        "a retry": singles(contract, plans.lost(contract)[0], *plans.transient(contract), RateLimit()),
    },
    generated=plans.interrupted,
)
def key_in_header_only(case: Case) -> Iterator[Remark]:
    """Every request, retries and polls too, is searched for the key and its secret part, plain and encoded:
    it must be in the contract's header, and in no other header, path, query or body.

    Every request of every trial carried the account's key in the contract's header, and neither the key nor its
    secret part was seen anywhere else in any of them, retries included.
    """
    for exchange in case.requests:
        request = f"request {exchange.number} ({exchange.method} {exchange.target})"
        if exchange.credential == "good":
            yield Observed()
        elif exchange.complete:
            wrong = "carried another key" if exchange.credential == "wrong" else "carried no key"
            yield Violation(
                f"{exchange.credential} key",
                f"{request} {wrong} in its header",
                (exchange.number,),
                on_any_clock=True,
            )
        for sighting in exchange.sightings:
            yield Violation(
                f"key in {sighting.place}",
                f"{request} shows the key's secret part in its {sighting.place} ({sighting.form})",
                (exchange.number,),
                on_any_clock=True,
            )


@check(
    "account.key-not-logged",
    severity="blocker",
    title="The key appears in no output",
    impact="The key is in every log archive, error tracker and CI page, for everybody who can read those.",
    remedy="Never log request headers as a whole or the client's configuration; give the key a type whose "
    "representation hides it, and redact in the log handler as a second line.",
    why="Somebody turns on debug logging on a bad day, or an exception handler prints the failed request with its "
    "headers. The key is now in the log archive, in the error tracker and in a ticket, where hundreds of "
    "people and several companies can read it. Log archives outlive employees, and the key is as good as "
    "cash.",
    floor=lambda contract: {
        "success": plans.talkative(contract),
        "a client that has just started": (trial(contract, (), (), verbose=True, restart=True),),
        "final errors": plans.talkative(contract, *plans.final(contract)),
        "transient errors": plans.talkative(contract, *plans.transient(contract)),
        "a rate limit": plans.talkative(contract, RateLimit()),
        "lost responses": plans.talkative(contract, *plans.lost(contract)),
        "answers that nobody can read": plans.talkative(contract, *plans.dropped(contract)),
        "a refused key and an original in progress": plans.talkative(
            contract, plans.mismatch(contract), *plans.in_progress(contract)
        ),
    },
    generated=plans.talkative_spells,
)
def key_not_logged(case: Case) -> Iterator[Remark]:
    """Success and every error of the contract, with all loggers and the client's own debug switches on: the secret part
    of the key, plain or encoded, is looked for in standard output and error, log records, exceptions with
    their tracebacks, log files, and files that the client writes.

    The client was seen using the key, under success and under every class of error, and no form of its secret part
    turned up in anything that the client wrote. The key's public prefix alone is allowed.
    """
    if any(exchange.credential == "good" for exchange in case.evidence.exchanges):
        yield Observed()
    else:
        yield Unmet("the client was not seen using the key")
    for output in case.evidence.outputs:
        for sighting in output.sightings[:1]:
            where = f"line {sighting.line} of {output.stream}" if sighting.line else output.stream
            yield Violation(
                f"key in {output.stream}",
                f"the key's secret part ({sighting.form}) stands in {where}: {sighting.excerpt}",
                on_any_clock=True,
            )
