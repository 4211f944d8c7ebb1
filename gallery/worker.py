"""`python -m gallery.worker MODULE:FUNCTION`: a client of the gallery as a worker, a process of its own.

So the same client can be examined on every clock. A second argument, the contract's error types with commas between
them, spares it reading the contract, which takes longer than all else at its start. What must never be known here:
which client it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection

from conformance.drivers.called import serve
from conformance.drivers.target import find_target

ENVIRONMENT = {"GALLERY_BASE_URL": "{base_url}", "GALLERY_API_KEY": "{api_key}"}
"""what `client.env` of its profile has to say"""


def _types() -> Collection[str]:
    if len(sys.argv) > 2:
        return sys.argv[2].split(",")
    from conformance.contracts import DEFAULT, load_contract

    return load_contract(DEFAULT).error_types


if __name__ == "__main__":
    serve(
        find_target(sys.argv[1]),
        _types(),
        os.environ["GALLERY_BASE_URL"],
        os.environ["GALLERY_API_KEY"],
        sys.stdin,
    )
