"""Handling error responses: what a client reads, and what it must not depend on."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import Remark, Unmet, check
from conformance.faults import InProgress, Malformed
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.judge.likeness import conduct, conduct_and_words, met_alike, told_apart
from conformance.judge.retrying import ended_created, other_keys
from conformance.judge.soundness import came_through, in_the_matrix, out_of_its_senses
from conformance.plans import errors as plans


@check(
    "errors.every-type-covered",
    severity="blocker",
    title="Every error type is survived",
    impact="An error that nobody has tried out ends in a stack trace, or in a customer who is told that an order is "
    "on its way which was refused.",
    remedy="Go through the matrix in the report. Give every type of the catalogue, the deprecated ones too, a way "
    "through the client that ends in an outcome: rejected with its type, another attempt, or unknown. What is not "
    "known by name has to be handled by its status, not by a missing entry in a table.",
    why="Most integrations have met three of the API's errors when they go live. The others come later, on the day on "
    "which a spending limit is reached or a card is withdrawn, and the code for them has never run. Where a table of "
    "known types has no entry, the client crashes with the order half done; where the last branch of an if is the one "
    "for success, it reports an order that does not exist.",
    floor=plans.each_error,
)
def every_type_covered(case: Case) -> Iterator[Remark]:
    """One order for each error type of the contract on each of its statuses, deprecated types and the rate limit
    included. The report shows as a matrix what the client did.

    After every one of them the client ended with an outcome, neither crashing nor hanging, and said created only of
    an order that is in the ledger.
    """
    for story, met in case.faulty("error", "in-progress", "rate-limit"):
        if met.delivered == "none" or met is not story.attempts[0]:
            yield Unmet("the error was not delivered")
            continue
        row = met.error_type or "rate limit"
        column = str(met.status)
        if isinstance(met.fault, InProgress):
            row, column = case.contract.idempotency.in_progress_type, met.fault.form
        yield in_the_matrix(case, story, met, row, column)
        what = f"{story.reference} was answered {row} ({column})"
        yield from came_through(case, story, (met.number,), what)


@check(
    "errors.type-surfaced",
    severity="major",
    title="The caller can tell the error types apart",
    impact="Whoever looks at a failed order cannot tell an empty balance from a withdrawn product, so every refusal "
    "becomes a support case.",
    remedy="Hand the error's type on to the caller, as it came or under a name of your own for each: in the type of "
    "the outcome, or the type or code of the exception. Neither the status nor the message will do: many types share "
    "a status, and messages change.",
    why="An order is refused because the balance is used up, and another because its product has been withdrawn. The "
    "first needs somebody to pay in money, the second somebody to change the basket. A client that says no more than "
    '"the request failed (400)" sends both to a person who has to dig the answer out of the logs, if it is there.',
    floor=plans.side_by_side,
    generated=plans.pairs_of_types,
)
def type_surfaced(case: Case) -> Iterator[Remark]:
    """Several orders one after the other, each of which meets another final error, until all final types of the
    contract have been seen beside each other; and one type three times in different words.

    No two types came to the caller under the same name or without one, and one type always came under the same
    name, whatever its message. The names may be the client's own.
    """
    yield from told_apart(case)


@check(
    "errors.branches-on-type",
    severity="major",
    title="What an error says to people decides nothing",
    impact="The vendor corrects a spelling mistake, or answers in another language, and from that day on the client "
    "retries what is final or gives up what is not.",
    remedy="Decide by the error's type, and for types that you do not know by the status. Show or log message and "
    "help, and look for nothing in them; bear it if they are null, missing, empty or very long.",
    why='The type of an error is a promise, its message is not. Clients that search the message for "timeout" or '
    '"in progress" work until somebody rewrites the text. Then an order that is still being processed is given up '
    "as refused, or a refused one is sent again and again, and nothing on the client's side has changed.",
    floor=plans.in_other_words,
    generated=plans.reworded,
)
def branches_on_type(case: Case) -> Iterator[Remark]:
    """Several orders meet the same error, the first and the last with the ordinary texts, those between with others:
    texts in many scripts, empty, very long, null or missing ones, and texts that are at home in other errors or in a
    success. So for a final error, a transient one, an original in progress and a refused key.

    The other texts changed neither the kind of the outcome nor the number of attempts and keys.
    """
    yield from met_alike(case, conduct)


@check(
    "errors.unknown-type-by-status",
    severity="major",
    title="An unknown error type is handled by its status",
    impact="The day the vendor adds an error type, orders that should have been refused are retried for ever, or "
    "orders that only needed another try are lost.",
    remedy="Have a rule for types that you do not know: 4xx is final and goes to the caller as rejected, 5xx is tried "
    "again under the same key a bounded number of times. The name of an unknown type says nothing.",
    why="Error types are added without notice; that is no breaking change. A client with a list of all types and a "
    "default that was never thought about does something by chance with the first new one. If the default is to "
    "retry, a refused order occupies a worker for hours. If it is to reject, an order fails that a second attempt "
    "would have placed.",
    floor=plans.unseen_types,
    generated=plans.any_unseen_type,
)
def unknown_type_by_status(case: Case) -> Iterator[Remark]:
    """One order for each of several 4xx and 5xx statuses, answered with an error type that is in no catalogue and
    whose name sounds like another class. 408, 409, 425 and 429 are left out.

    After a 4xx there was no further attempt and no success was told, and after a 5xx the order was tried again under
    the same key and ended as created.
    """
    for story, met in case.faulty("error"):
        if met.delivered != "complete" or not story.resolved_before(met):
            yield Unmet("the error was not delivered to an order that was not in doubt")
            continue
        what = f"{story.reference} was answered {met.status} {met.error_type}, a type that nobody has seen"
        if met.answer == "transient":
            yield from other_keys(story, (met, *story.after(met)))
            yield from ended_created(case, story, (met.number,), f"{what}, and then the API was well again")
            continue
        for later in story.after(met)[:1]:
            yield Violation(
                "retried", f"{what}; attempt {later.attempt} followed", (met.number, later.number)
            )
        yield from came_through(case, story, (met.number,), what)


@check(
    "errors.malformed-body-survived",
    severity="blocker",
    title="An answer that nobody can read is survived",
    impact="A load balancer's HTML page or half an answer crashes the client when the order may already have been "
    "booked, or is told to the customer as a success.",
    remedy="Read the body inside the error handling: anything may fail to decode, to parse, to be an object, to have "
    "an id. A 2xx without a readable id is a lost response: send the order again under the same key. A 4xx is "
    "rejected or unknown, a 5xx is tried again.",
    why="Between the client and the API there are proxies, load balancers, firewalls and captive portals, and all of "
    "them answer in their own words when something is wrong. A client that parses whatever comes dies of the first "
    "HTML page, with an order that may exist and that nobody will ask for again. Another sees status 200, finds no "
    "id, and reports success with none.",
    floor=plans.unreadable,
    generated=plans.anything_unreadable,
)
def malformed_body_survived(case: Case) -> Iterator[Remark]:
    """Answers with a body of HTML, of nothing, of half a document, of JSON that is no object or lacks the id, under
    another content type or charset, or of five megabytes; as a success, booked or not, as a refusal and as a server
    error.

    The client neither crashed nor hung, and never reported an order that does not exist. After a 2xx it ended as
    created with the original order, under the same key; after a 4xx both rejected and unknown are right.
    """
    for story, met in case.faulty("malformed"):
        if met.status is None:
            yield Unmet("the answer was not delivered")
            continue
        assert isinstance(met.fault, Malformed)
        what = f"{story.reference} was answered {met.status} with a body that is {_SPOILED[met.fault.form]}"
        numbers = (met.number, *(later.number for later in story.after(met)))
        if met.status >= 300 or out_of_its_senses(case, story, numbers, what):
            yield from came_through(case, story, numbers, what)
        else:
            yield from other_keys(story, (met, *story.after(met)))
            yield from ended_created(case, story, numbers, what, met.booked)


_SPOILED = {
    "html": "an HTML page",
    "empty": "empty",
    "truncated-json": "half a JSON document",
    "list": "a JSON list",
    "text": "a JSON string",
    "null": "JSON null",
    "no-id": "JSON without an id or type",
    "wrong-type": "announced as plain text",
    "wrong-charset": "not in the charset that it names",
    "huge": "five megabytes long",
}


@check(
    "errors.tolerant-reader",
    severity="major",
    title="New properties and another order of them change nothing",
    impact="The vendor adds a property to its answers, as it may at any time, and every order fails although all of "
    "them were placed.",
    remedy="Read the properties that you need by name, and ignore all others at every depth. Parse the JSON; do not "
    "search its text, do not go by positions, and do not forbid what your model does not know.",
    why="New properties are no breaking change, so they come on some ordinary Tuesday and without notice. A model that "
    "forbids unknown properties then throws on every success: the orders are booked, the client reports failures, and "
    'somebody orders again by hand. A client that takes the first "id" in the text reports the id of something else.',
    floor=plans.in_other_shapes,
    generated=plans.reshaped,
)
def tolerant_reader(case: Case) -> Iterator[Remark]:
    """Several orders meet the same answer, the first and the last in its ordinary form, those between with properties
    at every depth that nobody has seen before, or with all properties in another order. So for a success and for each
    class of error.

    This changed nothing: not the outcome with its type and status, the number of attempts, or the keys.
    """
    yield from met_alike(case, conduct_and_words)
