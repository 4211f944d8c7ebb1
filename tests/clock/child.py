"""Runs one function of a test module in a process of its own that lives in virtual time.

`python child.py FILE FUNCTION JSON-ARGUMENTS`; the last line of standard output is the report.
"""

import sys

sys.path.insert(0, sys.argv[1])

from conformance.clock.virtual import install

clock = install(wall=1_800_000_000.0)

import importlib.util  # noqa: E402 - nothing is imported before the clock is there
import json  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402

from conformance.clock import real  # noqa: E402


def main(file: str, function: str, arguments: str) -> None:
    warnings.simplefilter("error")
    sys.path.insert(0, os.path.dirname(file))
    spec = importlib.util.spec_from_file_location("body", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    body = getattr(module, function)
    jumps, began, really = clock.jumps, time.monotonic(), real.monotonic()
    result = body(clock, *json.loads(arguments))
    seconds, really = time.monotonic() - began, real.monotonic() - really
    report = {
        "result": result,
        "seconds": seconds,
        "really": really,
        "flowed": clock.flowed,
        "jumps": clock.jumps - jumps,
    }
    print(json.dumps(report), flush=True)


main(*sys.argv[2:])
