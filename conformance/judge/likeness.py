"""Orders of one trial, compared with each other: answers that mean the same are met alike, and those that do not
are told apart.

What lives here: which answers differ in their form alone, and how the ends of two stories differ.
What must never be known here: which check is asking, and any vendor's names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from conformance.check import Observed, Remark, Unmet
from conformance.evidence import Exchange
from conformance.faults import Error, ExtraFields, Fault, Ok, Reordered, Schedule
from conformance.finding import Violation
from conformance.judge.case import Case, Story

Traits = Mapping[str, object]
SHOWN = 60
"""characters of a message that are shown in a sentence"""


def conduct(story: Story) -> Traits:
    """What the client did, so far as two clients may not differ in it: the kind of its outcome, the number of its
    attempts, and how many keys they had.
    """
    call = story.last_call
    outcome = story.outcome
    return {
        "outcome": outcome.kind if outcome else call.ending if call else "nothing",
        "attempts": len(story.attempts),
        "keys": len({attempt.idempotency_key for attempt in story.attempts}),
    }


def conduct_and_words(story: Story) -> Traits:
    """The same, and what it told: the error's type, or the order and its state."""
    outcome = story.outcome
    if outcome is None:
        return conduct(story)
    own = story.booked_by(outcome.order_id) if outcome.order_id else None
    return {**conduct(story), "type": outcome.type, "order": own, "status": outcome.status}


def met_alike(case: Case, traits: Callable[[Story], Traits]) -> Iterator[Remark]:
    """Were the orders whose answers mean the same met in the same way? Of each meaning the plain form has to be there
    twice, as what the others are compared with, and as a proof that the client meets equal answers equally.
    """
    meanings: dict[Schedule, list[Story]] = {}
    for story in case.stories:
        meanings.setdefault(_meaning(story), []).append(story)
    for meaning, stories in meanings.items():
        delivered = [story for story in stories if _was_delivered(story)]
        plain = [story for story in delivered if _form(story) == ""]
        others = [story for story in delivered if _form(story) != ""]
        if len(plain) < 2 or not others or len(delivered) < len(stories):
            yield Unmet("not every one of the answers to compare was delivered")
        elif any(traits(story) != traits(plain[0]) for story in plain):
            yield Unmet("the client does not meet equal answers equally: there is nothing to compare with")
        else:
            for other in others:
                yield from _compared(plain[0], other, traits, meaning)


def told_apart(case: Case) -> Iterator[Remark]:
    """Did the caller hear of each final error under a name of its own, and of equal ones under the same name?"""
    heard: dict[str, tuple[str | None, Exchange]] = {}
    complete = True
    for story in case.stories:
        met = next(
            (each for each in story.attempts if each.answer == "final" and each.delivered == "complete"), None
        )
        outcome = story.outcome
        if met is None or met.error_type is None or outcome is None or outcome.kind == "created":
            complete = False
            continue
        name = outcome.type
        for type_, (other, seen) in heard.items():
            if type_ != met.error_type and other == name:
                yield Violation(
                    "told alike" if name else "no type",
                    f"{type_} and {met.error_type} both came to the caller as {_named(name)}",
                    (seen.number, met.number),
                )
            elif type_ == met.error_type and other != name:
                yield Violation(
                    "told by its words",
                    f"{type_} came to the caller as {_named(other)}, and with another message as {_named(name)}",
                    (seen.number, met.number),
                )
        heard.setdefault(met.error_type, (name, met))
    if complete:
        yield Observed()
    else:
        yield Unmet("not every error was delivered and told to the caller")


def _named(name: str | None) -> str:
    return f'"{name}"' if name else "an error without a type"


def _compared(
    plain: Story, other: Story, traits: Callable[[Story], Traits], meaning: Schedule
) -> Iterator[Remark]:
    usual, here = traits(plain), traits(other)
    changed = [trait for trait in {**usual, **here} if usual.get(trait) != here.get(trait)]
    if not changed:
        yield Observed()
        return
    shown = plain.attempts[0]
    what = " ".join(str(part) for part in (shown.status, shown.error_type or shown.answer) if part)
    yield Violation(
        f"other {changed[0]}",
        f"answered {what}, the client {_did(plain)}; with {_form(other)} it {_did(other)}",
        (shown.number, *(attempt.number for attempt in other.attempts)),
    )


def _did(story: Story) -> str:
    attempts = len(story.attempts)
    return f"said {story.said()} after {attempts} {'attempt' if attempts == 1 else 'attempts'}"


def _was_delivered(story: Story) -> bool:
    """Each of the answers that this order was to meet came, and came whole."""
    met = story.attempts[: max(len(story.order.schedule), 1)]
    return len(met) >= max(len(story.order.schedule), 1) and all(
        attempt.delivered == "complete" for attempt in met
    )


def _meaning(story: Story) -> Schedule:
    """The schedule without what is only form."""
    return tuple(
        _plain(fault) for fault in story.order.schedule if not isinstance(fault, (Ok, ExtraFields, Reordered))
    )


def _plain(fault: Fault) -> Fault:
    if not isinstance(fault, Error):
        return fault
    return fault.model_copy(update={"message": None, "help": None, "words": "given", "shape": "plain"})


def _form(story: Story) -> str:
    """In which form the answers came; empty if it was the plain one."""
    return ", ".join(form for fault in story.order.schedule if (form := _form_of(fault)))


_SHAPES = {"plain": "", "extra-fields": "unseen properties", "reordered": "its properties in another order"}


def _form_of(fault: Fault) -> str:
    if isinstance(fault, (ExtraFields, Reordered)):
        return _SHAPES[fault.fault]
    if not isinstance(fault, Error):
        return ""
    said = [_SHAPES[fault.shape]]
    if fault.words == "null":
        said.append("null for message and help")
    elif fault.words == "missing":
        said.append("no message and no help")
    else:
        said += [
            f"the {name} {_quoted(text)}"
            for name, text in (("message", fault.message), ("help", fault.help))
            if text is not None
        ][:1]
    return " and ".join(form for form in said if form)


def _quoted(text: str) -> str:
    more = len(text) - SHOWN
    return f'"{text}"' if more <= 0 else f'"{text[:SHOWN]}…" ({more:,} characters more)'
