"""Every check catches the clients that were made to fail it, and accuses no correct one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from conformance import catalogue
from conformance.finding import CheckResult
from gallery.catalogue import BROKEN, CORRECT, Exhibit
from gallery.viewing import view

AT_ONCE = 2
"""clients examined side by side; each has a process of its own"""
LOOKED_AT = (
    "Reference",
    "surfacing",
    "breaker",
    "queue_worker",
    "Floods",
)
"""correct clients that are examined here, of styles as different as can be; `make gallery` and `make soak` examine all,
and `make gallery` looks at what else the broken ones fail
"""
MOST = 3
"""broken clients of each check that are examined here, the first in the table; `make gallery` examines all"""

Results = Mapping[str, CheckResult]
Look = Callable[["Visit"], Results]


@dataclass(frozen=True)
class Visit:
    """An exhibit, and the checks that are put to it."""

    exhibit: Exhibit
    select: tuple[str, ...]

    def results(self) -> Results:
        exhibit = self.exhibit
        return view(exhibit.target, select=self.select, profile=exhibit.profile, examples=0)

    def __hash__(self) -> int:
        return id(self)


def _first_of_each(exhibits: Iterable[Exhibit]) -> Iterator[Exhibit]:
    seen: Counter[str] = Counter()
    for exhibit in exhibits:
        seen[exhibit.caught_by] += 1
        if seen[exhibit.caught_by] <= MOST:
            yield exhibit


IN_PYTHON = [exhibit for exhibit in BROKEN if not exhibit.program]
BROKEN_VISITS = [Visit(exhibit, (exhibit.caught_by,)) for exhibit in _first_of_each(IN_PYTHON)]
CORRECT_VISITS = [Visit(exhibit, exhibit.select) for exhibit in CORRECT if exhibit.name in LOOKED_AT]


@pytest.fixture(scope="module")
def look(request: pytest.FixtureRequest) -> Iterator[Look]:
    """What the suite says of a client. Those that later tests will ask about are examined meanwhile."""
    coming: dict[Visit, Future[Results]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        if not hasattr(request.config, "workerinput"):  # under xdist somebody else has some of the tests
            for item in request.session.items:
                visit = getattr(item, "callspec", None) and item.callspec.params.get("visit")
                if isinstance(visit, Visit):
                    coming[visit] = pool.submit(visit.results)
        yield lambda visit: (coming.get(visit) or pool.submit(visit.results)).result()
        for future in coming.values():
            future.cancel()


@pytest.mark.parametrize("visit", BROKEN_VISITS, ids=lambda visit: visit.exhibit.name)
def test_a_broken_client_is_caught(visit: Visit, look: Look) -> None:
    exhibit, results = visit.exhibit, look(visit)

    caught = {check: (result.status, result.reason) for check, result in results.items()}
    assert caught == dict.fromkeys(results, ("failed", None))

    finding = results[exhibit.caught_by].finding
    assert finding is not None
    assert finding.violation.summary
    assert finding.remedy


@pytest.mark.parametrize("visit", CORRECT_VISITS, ids=lambda visit: visit.exhibit.name)
def test_a_correct_client_is_accused_of_nothing_and_ready(visit: Visit, look: Look) -> None:
    unexpected = {
        check: (result.status, result.finding.violation.summary if result.finding else result.reason)
        for check, result in look(visit).items()
        if result.status not in ("passed", "not-applicable")
    }

    assert unexpected == {}


def test_every_check_has_a_client_that_fails_it_and_every_blocker_two() -> None:
    """But those that examine no client: what they look at is planted where they are tested."""
    clients = Counter(exhibit.caught_by for exhibit in BROKEN)
    examining = [check for check in catalogue.checks() if check.inspection is None]

    assert {check.id for check in examining} - set(clients) == set()
    assert set(clients) - {check.id for check in catalogue.checks()} == set()
    blockers = [check.id for check in examining if check.severity == "blocker"]
    assert [check for check in blockers if clients[check] < 2] == []


def test_every_client_says_in_a_sentence_what_it_does() -> None:
    assert [exhibit.name for exhibit in (*BROKEN, *CORRECT) if not exhibit.sentence.endswith(".")] == []


def test_no_two_clients_have_one_name() -> None:
    assert [name for name, times in Counter(e.name for e in (*BROKEN, *CORRECT)).items() if times > 1] == []
