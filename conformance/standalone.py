"""`golive sandbox`: the simulated API by itself."""

from __future__ import annotations

import json
import random
import shlex
import signal
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue, TypeAdapter

from conformance.contract import Contract
from conformance.contracts import DEFAULT, load_contract
from conformance.faults import Schedule
from conformance.hygiene.canary import mint
from conformance.mistakes import Wrong, correction
from conformance.planning import orders
from conformance.sandbox import Sandbox, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.located import Rule
    from conformance.sandbox.certificates import Certificates


def serve(port: int, *, tls: bool, schedule: Path | None, contract: str | None) -> None:
    """Serves until SIGINT or SIGTERM. Raises Mistakes for contract or schedule, OSError for the port."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    promised = load_contract(contract or DEFAULT)
    faults = read_schedule(schedule, promised) if schedule else ()
    rng = random.SystemRandom()
    canary = mint(promised, rng)
    with tempfile.TemporaryDirectory(prefix="golive-") as folder:
        made = _certificates(Path(folder)) if tls else None
        ca_file = made.ca_file if made else None
        sandbox = Sandbox(promised, port=port, tls=made.context if made else None)
        sandbox.start()
        sandbox.begin(
            World(promised, canary.key, seed=rng.getrandbits(32), max_requests=None, schedule=faults)
        )
        print("\n".join(_greeting(promised, sandbox.base_url, canary.key, ca_file, schedule)), flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()
        finally:
            sandbox.end()
            sandbox.stop()


def read_schedule(path: Path, contract: Contract) -> Schedule:
    """The schedule in a YAML or JSON file. Raises Mistakes with all that is wrong with it."""
    from conformance.located import read, validate

    return validate(read(path), TypeAdapter(Schedule), (_faults_are_named, _types_of(contract)))


def _faults_are_named(data: JsonValue) -> Iterator[Wrong]:
    for number, entry in enumerate(data if isinstance(data, list) else ()):
        if isinstance(entry, dict) and "fault" not in entry:
            yield Wrong((number,), "names no fault; add one, such as fault: reset")


def _types_of(contract: Contract) -> Rule:
    """A type that the contract does not have is a slip of the pen, unless it comes with a status of its own."""

    def rule(data: JsonValue) -> Iterator[Wrong]:
        for number, entry in enumerate(data if isinstance(data, list) else ()):
            if (
                not isinstance(entry, dict)
                or entry.get("fault") != "error"
                or entry.get("status") is not None
            ):
                continue
            type_ = entry.get("type")
            if isinstance(type_, str) and type_ not in contract.error_types:
                right = correction(type_, contract.error_types, "it has")
                yield Wrong(
                    (number, "type"),
                    f'contract {contract.name} has no error of type "{type_}"; {right} '
                    "To make one up, give it a status",
                )

    return rule


def _greeting(
    contract: Contract, base_url: str, key: str, ca_file: Path | None, schedule: Path | None
) -> Iterator[str]:
    operation = contract.operations[contract.create_operation]
    body = json.dumps(orders(contract, random.Random(), [()])[0].body)
    headers = {
        contract.auth.header: key,
        contract.versions.header: contract.versions.current,
        contract.idempotency.header: str(uuid.uuid4()),
        contract.orders.mode_header: contract.orders.modes["sync"],
        "Content-Type": "application/json",
    }
    yield f"Base URL  {base_url}"
    yield f"Key       {key}"
    if ca_file:
        yield f"CA file   {ca_file}"
    if schedule:
        yield f"Faults    {schedule}, met by the attempts of each order in turn"
    yield ""
    yield "An order:"
    trust = f" --cacert {shlex.quote(str(ca_file))}" if ca_file else ""
    yield f"  curl -sS{trust} {base_url}{operation.path} \\"
    for name, value in headers.items():
        yield f"    -H {shlex.quote(f'{name}: {value}')} \\"
    yield f"    -d {shlex.quote(body)}"
    yield ""
    yield f"Sent again as it is, it is the same order; for another one, change its {contract.idempotency.header}."
    yield "Ctrl-C ends it."


def _certificates(folder: Path) -> Certificates:
    from conformance.sandbox.certificates import make_certificates

    return make_certificates(folder)
