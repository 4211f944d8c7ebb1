"""Examining a client of the gallery by the suite, as `golive run` does with any other.

What lives here: the profile that an exhibit is given, and the suite that is put to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

import gallery
from conformance.suite import Options, Suite

HOME = Path(gallery.__file__).resolve().parents[1]


@contextmanager
def viewing(
    target: str,
    *,
    select: tuple[str, ...] = (),
    profile: Mapping[str, object] | None = None,
    examples: int | None = None,
    seed: int = 1,
) -> Iterator[Suite]:
    """A suite for the client that `target` names, with a profile of its own. It ends what it has started."""
    written = {
        "subject": target.partition(":")[2],
        "client": {"driver": "python", "target": target},
        "api_version": "2024-02-05",
        **(profile or {}),
    }
    paths = os.environ.get("PYTHONPATH")
    with TemporaryDirectory(prefix="gallery-") as folder:
        path = Path(folder) / "golive.yaml"
        path.write_text(yaml.safe_dump(written))
        os.environ["PYTHONPATH"] = os.pathsep.join([str(HOME), *([paths] if paths else [])])
        suite = Suite(Options(path, seed, select=select, examples=examples))
        try:
            yield suite
        finally:
            suite.close()
            if paths is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = paths
