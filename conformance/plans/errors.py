"""What an error, or any answer, may look like: every type, types that nobody has seen, other words, other shapes,
bodies that no contract describes.

What lives here: which of these are worth trying, and in which company.
What must never be known here: what a client should do about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import (
    Error,
    ExtraFields,
    Fault,
    InProgress,
    Malformed,
    MalformedForm,
    RateLimit,
    Reordered,
    Schedule,
    When,
)
from conformance.planning import singles, trial
from conformance.plans import Floor, final, mismatch

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

TOGETHER = 3
"""other forms of an answer that are compared with the plain one in one trial: a client may stop sending for a
while after a few errors in a row
"""
FORMS: tuple[MalformedForm, ...] = tuple(form for form in get_args(MalformedForm) if form != "null")
"""A bare null is left out: it is no likelier than a list or a text, and many a careful client reads past those two
and not past it.
"""
SUSPICIOUS = (
    "Success",
    "OK",
    "created",
    "completed",
    "already processed",
    "duplicate request",
    "Timeout",
    "request timed out",
    "Please try again later",
    "retry",
    "Rate limit exceeded, retry",
    "Too many requests",
    "still in progress",
    "temporarily unavailable",
    "Internal server error",
    "insufficient funds",
)
"""what clients look for in texts that were written for people"""
FOREIGN = "Zażółć gęślą jaźń. 注文は通りませんでした。 לא בוצע \u202eereh\u202c 🙅\u200d♀️ e\u0301"
LONG = "All that could be said about this would fill a book. " * 200


def every_error(contract: Contract) -> Iterator[tuple[str, Fault]]:
    """Each type of the catalogue on each of its statuses, deprecated ones too, and the rate limit; with its name."""
    for entry in contract.errors.catalogue:
        for status in entry.statuses:
            if entry.error_class == "in-progress":
                for answer in contract.idempotency.in_progress:
                    if answer.status == status:
                        yield f"{entry.type} ({answer.form})", InProgress(form=answer.form)
            else:
                yield f"{entry.type} ({status})", Error(type=entry.type, status=status)
    yield f"rate limited ({contract.rate_limit.status})", RateLimit()


def each_error(contract: Contract) -> Floor:
    return {name: singles(contract, fault) for name, fault in every_error(contract)}


# Types told apart.


def side_by_side(contract: Contract) -> Floor:
    """Final errors of different types for one order after another: a few at a time, and then all of them; and one
    of them again in other words.
    """
    each = [Error(type=entry.type) for entry in contract.types_of_class("final")]
    reworded = [each[0].model_copy(update={"message": text}) for text in ("Nothing came of it.", FOREIGN)]
    return {
        **{
            f"errors of different types, part {number}": (_in_turn(contract, several),)
            for number, several in enumerate(_parts(each, TOGETHER + 2), 1)
        },
        "one type in other words": (
            _in_turn(contract, (each[0], *reworded)),
            _in_turn(contract, each),
        ),
    }


def pairs_of_types(contract: Contract) -> SearchStrategy[Trial]:
    """A few final errors of different types, for orders in turn or at once."""
    from hypothesis import strategies as st

    several = st.lists(st.sampled_from(final(contract)), min_size=2, max_size=4, unique_by=lambda e: e.type)
    return st.builds(
        lambda errors, concurrent: trial(contract, *((each,) for each in errors), concurrent=concurrent),
        several,
        st.booleans(),
    )


def _in_turn(contract: Contract, faults: Sequence[Fault]) -> Trial:
    return trial(contract, *((fault,) for fault in faults))


def _parts(faults: Sequence[Error], size: int) -> Iterator[Sequence[Error]]:
    for start in range(0, len(faults), size):
        yield faults[start : start + size]


# Other words, other shapes.


def kinds_of_error(contract: Contract) -> Mapping[str, Error]:
    """One error of each kind that asks something else of a client, of one status where the contract has it."""
    refused = mismatch(contract)
    status = contract.error_types[refused.type].statuses[0]
    finals = final(contract)
    kinds = {
        "a final error": next((error for error in finals if error.status == status), finals[0]),
        "a transient error": Error(type=contract.types_of_class("transient")[0].type),
        "a refused key": refused,
    }
    busy = contract.error_types[contract.idempotency.in_progress_type]
    told = [status for status in busy.statuses if status >= 400]
    if told:
        kinds["an original in progress"] = Error(type=busy.type, status=told[0], booked=True)
    return kinds


def in_other_words(contract: Contract) -> Floor:
    """Each kind of error, plainly and in other words and plainly again: words that say nothing, words that say
    everything at once, no words. And a final error in words that are one by one those of another kind.
    """
    everything = misleading(contract)
    strange = [
        {"message": everything, "help": everything},
        {"words": "null"},
        {"words": "missing"},
        {"message": FOREIGN, "help": FOREIGN},
        {"message": LONG, "help": LONG},
        {"message": "", "help": ""},
    ]
    kinds = kinds_of_error(contract)
    return {
        **{kind: _beside_plain(contract, error, strange) for kind, error in kinds.items()},
        "a final error in words of another kind": _beside_plain(
            contract, kinds["a final error"], [{"message": text} for text in phrases(contract)]
        ),
    }


def phrases(contract: Contract) -> tuple[str, ...]:
    """Texts that are at home elsewhere: what clients look for, and what errors of other kinds say."""
    elsewhere = [entry.message for entry in contract.errors.catalogue if entry.error_class != "final"]
    body = contract.rate_limit.body
    limited = [text for text in (body.values() if isinstance(body, dict) else ()) if isinstance(text, str)]
    return (*SUSPICIOUS, *elsewhere, *limited)


def misleading(contract: Contract) -> str:
    """Everything that any client may look for, in one text."""
    catalogue = contract.errors.catalogue
    names = [name for entry in catalogue for name in (entry.type, entry.type.replace("_", " "))]
    text = ". ".join([*phrases(contract), *(entry.message for entry in catalogue), *names])
    return f"{text}. {text.lower()}. {text.upper()}."


def _beside_plain(
    contract: Contract, error: Error, changes: Sequence[Mapping[str, object]]
) -> tuple[Trial, ...]:
    others = [error.model_copy(update=dict(change)) for change in changes]
    return tuple(_in_turn(contract, (error, *several, error)) for several in _parts(others, TOGETHER))


def reworded(contract: Contract) -> SearchStrategy[Trial]:
    """Any error, plainly and in any other words."""
    from hypothesis import strategies as st

    # A lone surrogate is no text, and neither the sandbox nor a file could hold it.
    texts = st.one_of(st.sampled_from(phrases(contract)), st.text(st.characters(exclude_categories=["Cs"])))
    errors = [fault for _, fault in every_error(contract) if isinstance(fault, Error)]
    return st.builds(
        lambda error, others: _beside_plain(contract, error, [{"message": text} for text in others])[0],
        st.sampled_from((*errors, *kinds_of_error(contract).values())),
        st.lists(texts, min_size=1, max_size=TOGETHER),
    )


def in_other_shapes(contract: Contract) -> Floor:
    """A success and each kind of error, plainly, with unseen properties, in another order, and plainly again."""
    shapes: tuple[Mapping[str, object], ...] = ({"shape": "extra-fields"}, {"shape": "reordered"})
    return {
        "a success": (trial(contract, (), (ExtraFields(),), (Reordered(),), ()),),
        **{kind: _beside_plain(contract, error, shapes) for kind, error in kinds_of_error(contract).items()},
    }


def reshaped(contract: Contract) -> SearchStrategy[Trial]:
    """Answers in any shape after, between or before faults that an order gets past."""
    from hypothesis import strategies as st

    errors = st.sampled_from((*final(contract), *kinds_of_error(contract).values()))
    shapes = st.sampled_from([[{"shape": "extra-fields"}], [{"shape": "reordered"}]])
    return st.builds(lambda error, shape: _beside_plain(contract, error, shape)[0], errors, shapes)


# Types that nobody has seen.

CLIENT_ERRORS = (400, 402, 403, 404, 410, 422)
SERVER_ERRORS = (500, 502, 503, 504)
ODD = 520
"""a server error that intermediaries answer with, and that no standard knows"""
UNHEARD_OF = {4: "temporary_hold_timeout", 5: "ledger_validation_failed"}
"""by status class: types that nobody has seen, and that sound like the other class"""


def unseen_types(contract: Contract) -> Floor:
    return {
        f"an unseen type ({status})": singles(contract, Error(type=UNHEARD_OF[status // 100], status=status))
        for status in (*CLIENT_ERRORS, *SERVER_ERRORS, ODD)
    }


def any_unseen_type(contract: Contract) -> SearchStrategy[Trial]:
    from hypothesis import strategies as st

    words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9)
    names = st.lists(words, min_size=1, max_size=3).map("_".join)
    errors = st.builds(
        lambda type_, status: Error(type=type_, status=status),
        names.filter(lambda name: name not in contract.error_types),
        st.sampled_from((*CLIENT_ERRORS, 401, 405, 406, 412, 418, 451, *SERVER_ERRORS)),
    )
    return errors.map(lambda error: trial(contract, (error,)))


# Bodies that no contract describes.


def unreadable(contract: Contract) -> Floor:
    """Each spoiled body as a success, as a refusal and as a server error; and successes of nothing."""
    done = contract.orders.sync_status
    return {
        "a success": singles(contract, *_spoiled(FORMS, (done,), "after")),
        "a success of nothing": singles(contract, *_spoiled(("html", "empty", "no-id"), (done,), "before")),
        "a refusal": singles(contract, *_spoiled(FORMS, (400, 403, 404, 422), "before")),
        "a server error": singles(contract, *_spoiled(FORMS, SERVER_ERRORS, "before")),
    }


def _spoiled(forms: Sequence[MalformedForm], statuses: Sequence[int], when: When) -> tuple[Malformed, ...]:
    """Each form, on the statuses in turn."""
    return tuple(
        Malformed(form=form, status=statuses[number % len(statuses)], when=when)
        for number, form in enumerate(forms)
    )


def anything_unreadable(contract: Contract) -> SearchStrategy[Trial]:
    """A spoiled body, perhaps after a rate limit, or beside another order."""
    from hypothesis import strategies as st

    done = contract.orders.sync_status
    errors = (*CLIENT_ERRORS, *SERVER_ERRORS, 401, 405, 413, 418, 451)
    spoiled = st.one_of(
        st.builds(lambda form: Malformed(form=form, status=done, when="after"), st.sampled_from(FORMS)),
        st.builds(
            lambda form, status: Malformed(form=form, status=status),
            st.sampled_from(FORMS),
            st.sampled_from(errors),
        ),
    )
    before: SearchStrategy[Schedule] = st.sampled_from(((), (RateLimit(),)))
    return st.builds(
        lambda first, fault, beside: trial(
            contract, (*first, fault), *([()] * beside), concurrent=beside == 2
        ),
        before,
        spoiled,
        st.integers(0, 2),
    )
