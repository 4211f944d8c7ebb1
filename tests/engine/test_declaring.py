"""What `@check` makes of a judge, its docstring and its keywords."""

from __future__ import annotations

from conformance.check import Observed, check


def declared_with(**words: str):
    @check("ours.x", severity="advisory", floor=lambda contract: {}, **words)
    def judge(case):
        """One thing
        is so. It is tested like this.

        It passes when it was seen.

        Often.
        """
        yield Observed()

    return judge


def test_the_first_paragraph_is_how_it_is_tested_and_the_rest_when_it_passes():
    made = declared_with(why="Because.")
    assert " ".join(made.method.split()) == "One thing is so. It is tested like this."
    assert made.passes == "It passes when it was seen.\n\nOften."
    assert made.why == "Because."


def test_a_check_without_a_title_is_called_by_its_first_sentence():
    assert declared_with().title == "One thing is so"
    assert declared_with(title="Something else").title == "Something else"
