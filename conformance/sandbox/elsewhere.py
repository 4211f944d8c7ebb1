"""Places that are not the API: where redirects lead, and the API's own port for whoever does not speak TLS there.

What lives here: who asks in such a place, and what is answered. No order comes of it, no fault is used up by it, and
an answer that asks for a key is what tempts a client most.
What must never be known here: sockets, and what a client should do about a redirect.
"""

from __future__ import annotations

from typing import Final

from conformance.faults import Redirect
from conformance.sandbox.answers import Caller, Credential, Reply
from conformance.sandbox.reading import Request
from conformance.sandbox.world import World

OTHER_HOST: Final = "127.0.0.2"
OTHER_NAME: Final = "localhost"
"""another host where the system has no such address"""
_DETOUR: Final = "/moved"


def turn_away(world: World, request: Request) -> Reply:
    """What is said to a request that arrived where it should not have."""
    caller = stranger(world, request)
    if request.insecure:
        return Reply(caller, world.blueprint.situation("plain-http"))
    return Reply(
        caller, world.blueprint.situation("no-key" if caller.credential == "missing" else "unknown-path")
    )


def stranger(world: World, request: Request) -> Caller:
    """Who sent it, without counting it for any order."""
    blueprint, fields = world.blueprint, request.fields
    return Caller(
        operation=None,
        credential=credential(world, fields.get(blueprint.auth_header)),
        idempotency_key=fields.get(blueprint.idempotency_header) or None,
        api_version=fields.get(blueprint.version_header) or None,
    )


def credential(world: World, key: str | None) -> Credential:
    return "missing" if not key else "good" if key == world.key else "wrong"


def lead_on(world: World, fault: Redirect, path: str) -> None:
    """Remembers where a redirect within the API leads, which another redirect will answer."""
    if fault.hops:
        world.detours[detour(path)] = fault.model_copy(update={"hops": fault.hops - 1})


def detour(target: str) -> str:
    """Another place of the same API."""
    return f"{_DETOUR}{target}"


def straight(target: str) -> str:
    """What was asked for before any detour."""
    while target.startswith(f"{_DETOUR}/"):
        target = target.removeprefix(_DETOUR)
    return target
