"""The simulated API that misbehaves on purpose: an HTTP server on raw sockets, driven by a contract.

What lives here: the wire, the API's behaviour, the faults, the record of what was seen.
What must never be known here: checks, drivers, and any vendor's name for anything.
"""

from conformance.sandbox.server import Sandbox, SandboxCrash
from conformance.sandbox.world import World

__all__ = ["Sandbox", "SandboxCrash", "World"]
