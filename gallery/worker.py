"""`python -m gallery.worker MODULE:FUNCTION`: a client of the gallery as a worker, a process of its own.

So the same client can be examined on every clock. What must never be known here: which client it is.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from conformance.contracts import DEFAULT, load_contract
from conformance.drivers.outcome import Crash, from_exception, from_return
from conformance.drivers.python import Context, Target, find_target
from conformance.evidence import Outcome

ENVIRONMENT = {"GALLERY_BASE_URL": "{base_url}", "GALLERY_API_KEY": "{api_key}"}
"""what `client.env` of its profile has to say"""


def main(name: str) -> None:
    target = find_target(name)
    lock = threading.Lock()

    def answer(request: Mapping[str, object]) -> None:
        said = _placed(target, request)
        line = json.dumps({"id": request["id"], **said})
        with lock:
            print(line, flush=True)

    for line in sys.stdin:
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()


def _placed(target: Target, request: Mapping[str, object]) -> dict[str, object]:
    """One order, placed; the outcome as the driver would have understood it, had it called the function itself."""
    believed: Outcome | Crash
    try:
        order = request["order"]
        assert isinstance(order, dict)
        value = target(order, _context(str(request["reference"])))
        if inspect.isawaitable(value):
            value = asyncio.run(_finished(value))
        believed = from_return(value)
    except Exception as error:  # noqa: BLE001  whatever the client raises is what it says
        believed = from_exception(error, load_contract(DEFAULT))
    if isinstance(believed, Crash):
        print(believed.detail, file=sys.stderr)
        os._exit(1)
    said = asdict(believed)
    return {"outcome": said.pop("kind"), **{key: value for key, value in said.items() if value is not None}}


def _context(reference: str) -> Context:
    return Context(
        os.environ["GALLERY_BASE_URL"],
        os.environ["GALLERY_API_KEY"],
        os.environ["GOLIVE_API_VERSION"],
        reference,
        Path(os.environ["GOLIVE_STATE_DIR"]),
    )


async def _finished(value: object) -> object:
    return await value  # type: ignore[misc]  # only called with awaitables


if __name__ == "__main__":
    main(sys.argv[1])
