"""Which worker process examines which check: xdist's own scheduling, told what to send to whom.

What lives here: the next check for a worker. Each has a part of the checks dealt to it, so that those which ask
for the same trials share them; a worker that is through with its own part takes from the one with most left.
What must never be known here: how workers are started, what they are sent, and how a check is examined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScheduling
from xdist.workermanage import WorkerController

from conformance.sharding import Deal


def best_first(pending: Sequence[str], deal: Deal, part: int) -> list[str]:
    """The checks that wait, in the order in which the worker with this part should take them.

    Its own first, the heaviest of them in front. Of other parts the one with most left is helped first, and
    with its lightest check, since its own worker begins at the other end. A worker that came in place of one
    that died has no part, and takes whatever is heaviest.
    """

    def left(of: int) -> int:
        return sum(deal.weight[id_] for id_ in pending if deal.part[id_] == of)

    def rank(id_: str) -> tuple[int, int, int, str]:
        own, weight = deal.part[id_], deal.weight[id_]
        if own == part or part not in deal.part.values():
            return 0, 0, -weight, id_
        return 1, -left(own), weight, id_

    return sorted(pending, key=rank)


class ByParts(LoadScheduling):  # type: ignore[misc]  # xdist has no types
    """Sends each worker one check beyond the one that it is at."""

    def __init__(
        self, config: pytest.Config, log: Producer, deal: Deal, check_id: Callable[[str], str]
    ) -> None:
        super().__init__(config, log)
        self.maxschedchunk = 1
        self._deal = deal
        self._check_id = check_id

    def _send_tests(self, node: WorkerController, num: int) -> None:
        assert self.collection is not None
        index = {self._check_id(self.collection[item]): item for item in self.pending}
        self.pending[:] = [
            index[id_] for id_ in best_first(list(index), self._deal, part_of_worker(node.gateway.id))
        ]
        super()._send_tests(node, num)


def part_of_worker(name: str) -> int:
    """The part that is dealt to a worker, from 0, by xdist's name for it: `gw0`."""
    return int(name.removeprefix("gw"))
