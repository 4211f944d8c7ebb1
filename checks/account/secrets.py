"""What must not get out: the key goes to the API in its header, and nowhere else; links and recipients stay inside."""

from __future__ import annotations

import json
from collections.abc import Iterator

from conformance import plans
from conformance.check import NotApplicable, Observed, Remark, Unmet, check
from conformance.faults import RateLimit
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.judge.spills import gave_link, named_recipient, spilt
from conformance.planning import RECIPIENT, singles, trial


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
    of the key is looked for in standard output and error, log records with all that they carry, exceptions with their
    tracebacks, what the caller is told, log files, rotated and compressed ones too, and whatever is new or changed in
    the client's working, state and temporary folders, names included. It is known plain or in part, from ten
    characters on, in base64, base32, hex, percent-encoding, escapes, entities and UTF-16, broken over lines or with
    anything but letters in between. Out of reach is what goes to the system's log, or is gone when the order is done.

    The client was seen using the key, under success and under every class of error, and no form of its secret part
    turned up in anything that the client wrote. The key's public prefix alone is allowed.
    """
    if any(exchange.credential == "good" for exchange in case.evidence.exchanges):
        yield Observed()
    else:
        yield Unmet("the client was not seen using the key")
    yield from spilt(case, "key", "the key's secret part")


@check(
    "account.payout-link-not-logged",
    severity="major",
    title="Payout links appear in no output",
    impact="Whoever can read the log can spend the gift cards in it: a payout link is money, and asks for no name.",
    remedy="Log the order's id and, if need be, the host of the link; take the items out of an answer before it is "
    "logged as a whole, and leave the link out of standard output.",
    why="Debug logging writes the API's answers down, and each holds a link that is worth its face value to whoever "
    "opens it first. A contractor with access to the log archive spends some on a quiet day. The customers complain "
    "that their gift cards are empty, and nobody can say who it was.",
    floor=lambda contract: {
        "success": plans.talkative(contract),
        "an order of two items": (trial(contract, (), verbose=True, items=(2,)),),
        "lost responses": plans.talkative(contract, *plans.lost(contract)),
    },
    generated=plans.talkative_spells,
    dear=4,
)
def payout_link_not_logged(case: Case) -> Iterator[Remark]:
    """The links that the simulated sandbox gives out are known, and looked for wherever the key is, in every form, in
    all that the client writes; standard output is an output also where it is how golive is answered. A link may stand
    in what a function returns or a service answers, since that goes to the caller alone, and in files in which the
    client keeps its orders: all of its state folder, and those of its working folder that are not called like a log.

    The client was given a payout link, and no form of it turned up in anything that the client wrote. Not applicable to
    clients that are never given one: with asynchronous orders it takes a look at the finished order.
    """
    if any(gave_link(exchange) for exchange in case.evidence.exchanges):
        yield Observed()
    else:
        yield NotApplicable("the client was never given a payout link")
    yield from spilt(case, "payout-link", "a payout link")


@check(
    "account.recipient-not-logged",
    severity="advisory",
    title="Recipients' addresses appear in no output",
    impact="The log is a list of customers and of what each of them was given, kept for as long as logs are.",
    remedy="Log the order's reference instead of the address; or, where one is needed, its domain or a digest.",
    why="An order says whom the gift card is for, and the client logs orders. Two years later somebody asks for all "
    "data about a person to be erased, and it turns out that the address is in every log archive, at three companies.",
    floor=lambda contract: {
        "success": plans.talkative(contract, recipients=True),
        "an error": plans.talkative(
            contract, plans.final(contract)[0], plans.transient(contract)[0], recipients=True
        ),
        "a lost response": plans.talkative(contract, plans.lost(contract)[0], recipients=True),
    },
    generated=plans.talkative_spells_for_somebody,
    dear=4,
)
def recipient_not_logged(case: Case) -> Iterator[Remark]:
    """Orders whose gift cards go to somebody by e-mail. The part of the address before the @ is looked for wherever the
    key is, in every form, in all that the client writes, but for files in which it keeps its orders.

    The client was seen ordering for a recipient, and the address turned up in nothing that it wrote. Its domain alone
    is allowed, and so is a digest.
    """
    if not any(RECIPIENT in json.dumps(order.body) for order in case.evidence.trial.orders):
        yield NotApplicable("the contract has no orders that go to somebody")
    elif any(named_recipient(exchange) for exchange in case.evidence.exchanges):
        yield Observed()
    else:
        yield Unmet("no recipient was seen in the client's requests")
    yield from spilt(case, "recipient", "a recipient's address")
