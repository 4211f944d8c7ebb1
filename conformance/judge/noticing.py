"""Did the client notice that it was answered in another version? Pure.

What must never be known here: which words a client uses, beyond those that anybody would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.check import Observed, Remark, Unmet
from conformance.evidence import Output
from conformance.faults import OtherVersion
from conformance.finding import Violation
from conformance.judge.case import Case

FILES = ("state/", "tmp/")
"""where streams begin that are files which a client keeps for itself: what is stored there nobody was told"""
_SAYS_SO = re.compile(
    r"version[^\n]*(?:mismatch|match|differ|unexpected|expected|instead|wrong|chang|other|unsupported|drift)"
    r"|(?:mismatch|differ|unexpected|wrong|other|unsupported)[^\n]*version",
    re.IGNORECASE,
)


def noticed(case: Case) -> Iterator[Remark]:
    """Was an answer in another version told as anything but plain success, or written about?"""
    for story, attempt in case.faulty("other-version"):
        assert isinstance(attempt.fault, OtherVersion)
        other = attempt.fault.version
        if attempt.delivered != "complete" or attempt.answer != "success":
            yield Unmet("no answer in another version was delivered")
        elif story.outcome is None:
            yield Unmet("the client came to no outcome")
        elif story.outcome.kind != "created" or any(
            _tells(output, other) for output in case.evidence.outputs
        ):
            yield Observed()
        else:
            yield Violation(
                "not noticed",
                f"request {attempt.number} asked for version {attempt.api_version or 'none in particular'} and was "
                f"answered in {other}; the client said {story.said()}, and wrote nothing about it",
                (attempt.number,),
            )


def _tells(output: Output, version: str) -> bool:
    if output.stream.startswith(FILES):
        return False
    return version in output.text or _SAYS_SO.search(output.text) is not None
