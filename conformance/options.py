"""What is asked of one run, as data.

What must never be known here: where it was asked, and how any of it is carried out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ClockChoice = Literal["auto", "real", "accelerated", "virtual"]


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for. `examples` None: as many as the clock can bear. `budget`: seconds on the wall, from now on;
    `port`: of the sandbox, for a service that runs already; `shard`: which part of how many, from 1. `account_only`:
    the checks that need no client. `api`: base URL of the real endpoint that the section about it asks; `proxy`: of the
    one that the client meets through us. `production`: somebody knows that this is one. `dry_run`: requests to a real
    endpoint are shown instead of sent.
    """

    profile: Path
    seed: int
    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    examples: int | None = None
    clock: ClockChoice = "auto"
    budget: float | None = None
    port: int | None = None
    shard: tuple[int, int] | None = None
    label: str | None = None
    """how the report names the profile; its path if None"""
    account_only: bool = False
    api: str | None = None
    proxy: str | None = None
    production: bool = False
    dry_run: bool = False

    @property
    def endpoint(self) -> str | None:
        """The real API that is asked, whether the client meets it through us or not."""
        return self.api or self.proxy
