"""The fixture by which a test has its body live in virtual time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Life:
    """What became of a body: its result, how long it took by its own clock, and what the clock says of itself."""

    result: Any
    seconds: float
    really: float
    flowed: float
    jumps: int


@pytest.fixture
def virtually() -> Callable[..., Life]:
    """Run a function of the test module as `function(clock, *arguments)` in a fresh process in virtual time."""

    def run(body: Callable[..., object], *arguments: object) -> Life:
        file = body.__code__.co_filename
        command = [sys.executable, str(HERE / "child.py"), str(HERE.parents[1]), file, body.__name__]
        child = subprocess.run(
            [*command, json.dumps(arguments)], capture_output=True, text=True, timeout=120, check=False
        )
        assert child.returncode == 0, child.stdout + child.stderr
        return Life(**json.loads(child.stdout.splitlines()[-1]))

    return run
