"""A Python client's function in a process of its own, as a worker: one that can be killed and started again.

It is started by the worker driver, like any other client. Arguments: the target, the contract's error types
with commas between them, the folder that
the client is to run in, and the folders where modules are looked for.

What lives here: the worker's side of that conversation, and the context for each call.
What must never be known here: the sandbox, any check, and when this process will have to end.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import threading
import traceback
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from conformance.belief import Outcome
from conformance.drivers.loopback import forbid_leaving_loopback
from conformance.drivers.outcome import Crash, from_exception, from_return
from conformance.drivers.target import Context, Target, TargetError, every_logger_talks, find_target

BASE_URL, API_KEY = "GOLIVE_CALLED_BASE_URL", "GOLIVE_CALLED_API_KEY"
ENVIRONMENT = {BASE_URL: "{base_url}", API_KEY: "{api_key}"}
"""what has to be in this process's environment; taken from there before the client sees it"""
TALKATIVE = "GOLIVE_CALLED_TALKATIVE"
"""is there where every logger is to be at DEBUG, on standard error"""


def serve(target: Target, types: Collection[str], base_url: str, api_key: str, lines: Iterable[str]) -> None:
    """Answers each order that comes, in a thread of its own. A client that crashes takes the process with it.
    `types`: the error types of the contract.
    """
    lock = threading.Lock()

    def answer(request: Mapping[str, object]) -> None:
        context = Context(
            base_url,
            api_key,
            os.environ["GOLIVE_API_VERSION"],
            str(request["reference"]),
            Path(os.environ["GOLIVE_STATE_DIR"]),
            Path(ca_file) if (ca_file := os.environ.get("GOLIVE_CA_FILE")) else None,
        )
        believed = _believed(target, request["order"], context, types)
        if isinstance(believed, Crash):
            print(believed.detail, file=sys.stderr, flush=True)
            os._exit(1)
        said = asdict(believed)
        told = {"id": request["id"], "outcome": said.pop("kind")}
        told |= {key: value for key, value in said.items() if value is not None}
        with lock:
            print(json.dumps(told), flush=True)

    for line in lines:
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()


def _believed(target: Target, order: object, context: Context, types: Collection[str]) -> Outcome | Crash:
    """The outcome as the driver would have understood it, had it called the function itself."""
    assert isinstance(order, dict)
    try:
        value = target(order, context)
        if inspect.isawaitable(value):
            import asyncio  # late: most clients never wait for it to be read

            value = asyncio.run(_finished(value))
        return from_return(value)
    except BaseException as error:  # noqa: BLE001  whatever the client raises is what it says, SystemExit too
        traceback.print_exc()
        return from_exception(error, types)


async def _finished(value: object) -> object:
    return await value  # type: ignore[misc]  # only called with awaitables


def main(name: str, types: str, folder: str, *paths: str) -> None:
    base_url, api_key = os.environ.pop(BASE_URL), os.environ.pop(API_KEY)
    talkative = os.environ.pop(TALKATIVE, None) is not None
    stderr = sys.stderr
    os.chdir(folder)
    forbid_leaving_loopback(lambda place: None)
    sys.path[:0] = paths

    def take(record: str) -> None:
        stderr.write(record)

    with ExitStack() as stack:
        if talkative:
            stack.enter_context(every_logger_talks(take))
        try:
            target = find_target(name)
        except TargetError as error:
            sys.exit(str(error))
        if talkative:  # again: what the client is made of may have set its loggers up meanwhile
            stack.enter_context(every_logger_talks(take))
        serve(target, types.split(","), base_url, api_key, sys.stdin)


if __name__ == "__main__":
    main(*sys.argv[1:])
