"""What the API does with a request, from the key to the answer. No I/O.

What lives here: who is asking, and the checks that stand before every operation, in their order.
What must never be known here: bytes, sockets, and any vendor's name for anything.
"""

from __future__ import annotations

from conformance.sandbox.answers import Answer, Caller, Reply
from conformance.sandbox.blueprint import Route
from conformance.sandbox.documents import Unreadable
from conformance.sandbox.elsewhere import credential, lead_on
from conformance.sandbox.intents import Intent
from conformance.sandbox.placing import Placing
from conformance.sandbox.reading import Request
from conformance.sandbox.relaying import Asked, Forward, relay
from conformance.sandbox.services import serve
from conformance.sandbox.templates import point
from conformance.sandbox.world import World


def respond(world: World, request: Request, exchange: int) -> Reply | Forward:
    """Does what the request asks for, or says what has to be asked of the real endpoint behind. `exchange` is the
    number under which the ledger will know it.
    """
    blueprint, limit = world.blueprint, world.contract.rate_limit
    route = blueprint.route(request.method, request.path)
    intent = _intent(world, request, route)
    caller = _caller(world, request, route, intent)
    diversion = None if route and route.operation.kind == "create" else world.diversion
    if redirect := world.detours.get(request.path, diversion):
        lead_on(world, redirect, request.path)
        return Reply(caller, None, redirect, redirect)
    refusal = _refuse(world, request, caller)
    if world.beyond is not None:
        return relay(world, world.beyond, Asked(request, route, caller, intent, exchange, refusal))
    if refusal:
        return Reply(caller, refusal)
    if route is None:
        return Reply(caller, blueprint.situation("unknown-path"))
    if route.name == limit.operation and not world.limiter.admit(world.elapsed()):
        wait = limit.wait if limit.sends_retry_after else None
        return Reply(caller, blueprint.rate_limited(wait))
    if route.operation.kind == "create":
        return Placing(world, request, route, caller, intent, exchange).reply()
    world.looks += 1
    return Reply(caller, blueprint.triggered(request.fields) or serve(world, request, route))


def identify(world: World, request: Request) -> Caller:
    """Who sent the request and whose order it is about. Counts attempts."""
    route = world.blueprint.route(request.method, request.path)
    return _caller(world, request, route, _intent(world, request, route))


def _intent(world: World, request: Request, route: Route | None) -> Intent | None:
    """The intent that a create-order request belongs to."""
    if route is None or route.operation.kind != "create":
        return None
    body = request.document
    value = None if isinstance(body, Unreadable) else point(body, world.contract.orders.face_value)
    return world.intents.of(value, request.fields.get(world.blueprint.idempotency_header))


def _caller(world: World, request: Request, route: Route | None, intent: Intent | None) -> Caller:
    blueprint, fields = world.blueprint, request.fields
    planned = intent if intent and intent.reference is not None else None
    if planned:
        planned.attempts += 1
    return Caller(
        operation=route.name if route else None,
        credential=credential(world, fields.get(blueprint.auth_header)),
        idempotency_key=fields.get(blueprint.idempotency_header) or None,
        api_version=fields.get(blueprint.version_header) or None,
        reference=planned.reference if planned else None,
        attempt=planned.attempts if planned else None,
    )


def _refuse(world: World, request: Request, caller: Caller) -> Answer | None:
    """What is looked at before the path is."""
    blueprint, versions = world.blueprint, world.contract.versions
    if caller.credential != "good":
        return blueprint.situation("no-key" if caller.credential == "missing" else "bad-key")
    if world.revoked:
        return blueprint.situation("bad-key")
    if not world.admits(request.source):
        return blueprint.situation("address-not-allowed")
    if caller.api_version is not None and caller.api_version != versions.current:
        removed = caller.api_version in versions.removed
        return blueprint.situation("removed-version" if removed else "unknown-version")
    return None
