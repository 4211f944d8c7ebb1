"""What was asked of an endpoint and what it said: plain data, frozen, no behaviour.

What lives here: the records, and their JSON form. Keys are described, never shown; of a link the host is
left, and a mark that is the same for the same link.
What must never be known here: how any of it was sent, and whether it is right or wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from conformance.endpoint.script import Script


@dataclass(frozen=True, slots=True)
class Turn:
    """One request with its answer. `ask`: the index of what it was for in the script; a request that was told to wait
    is sent again, and then `again` is True. Without an answer `status` is None and `problem` says why; with both, the
    answer came and its body is not whole. `void`: it came, and is no answer to what was asked: the rate limit still, a
    gateway's, or the account's key was not let in. Seconds are on the wall.
    """

    number: int
    ask: int
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str
    status: int | None = None
    problem: str = ""
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str = ""
    at: float = 0.0
    seconds: float = 0.0
    again: bool = False
    void: bool = False


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A script as it was played at a base URL. `cut`: why it was not played to its end; "" if it was."""

    script: Script
    base_url: str
    turns: tuple[Turn, ...]
    cut: str = ""


dialogues: TypeAdapter[Dialogue] = TypeAdapter(Dialogue)
