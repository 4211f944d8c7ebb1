"""What the API does with a request, from the key to the answer. No I/O.

What lives here: who is asking, and the checks that stand before every operation, in their order.
What must never be known here: bytes, sockets, and any vendor's name for anything.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.sandbox.answers import Answer, Reply
from conformance.sandbox.documents import Unreadable
from conformance.sandbox.placing import Placing
from conformance.sandbox.reading import Request
from conformance.sandbox.services import serve
from conformance.sandbox.templates import point
from conformance.sandbox.world import World


def respond(world: World, request: Request, exchange: int) -> Reply:
    """Does what the request asks for. `exchange` is the number under which the ledger will know it."""
    blueprint, contract = world.blueprint, world.contract
    route = blueprint.route(request.method, request.path)
    reply = identify(world, request)
    if refusal := _refuse(world, request, reply):
        return replace(reply, answer=refusal)
    if route is None:
        return replace(reply, answer=blueprint.situation("unknown-path"))
    if route.name == contract.rate_limit.operation and not world.limiter.admit(world.elapsed()):
        return replace(reply, answer=_limited(world))
    if route.operation.kind == "create":
        return Placing(world, request, route, reply, exchange).reply()
    return replace(reply, answer=blueprint.triggered(request.fields) or serve(world, request, route))


def identify(world: World, request: Request) -> Reply:
    """Who sent the request and whose order it is about: all of the reply but the answer. Counts attempts."""
    contract, fields = world.contract, request.fields
    key = fields.get(contract.auth.header.lower())
    route = world.blueprint.route(request.method, request.path)
    reply = Reply(
        operation=route.name if route else None,
        credential="missing" if not key else "good" if key == world.key else "wrong",
        idempotency_key=fields.get(contract.idempotency.header.lower()) or None,
        api_version=fields.get(contract.versions.header.lower()) or None,
    )
    if route is None or route.operation.kind != "create":
        return reply
    body = request.document
    value = None if isinstance(body, Unreadable) else point(body, contract.orders.face_value)
    intent = world.intents.of(value, reply.idempotency_key)
    if intent is None or intent.reference is None:
        return reply
    intent.attempts += 1
    return replace(reply, reference=intent.reference, attempt=intent.attempts)


def _refuse(world: World, request: Request, reply: Reply) -> Answer | None:
    """What is looked at before the path is."""
    blueprint, versions = world.blueprint, world.contract.versions
    if request.insecure:
        return blueprint.situation("plain-http")
    if reply.credential != "good":
        return blueprint.situation("no-key" if reply.credential == "missing" else "bad-key")
    if reply.api_version is not None and reply.api_version != versions.current:
        removed = reply.api_version in versions.removed
        return blueprint.situation("removed-version" if removed else "unknown-version")
    return None


def _limited(world: World) -> Answer:
    limit = world.contract.rate_limit
    if not limit.sends_retry_after:
        return world.blueprint.rate_limited((), None)
    return world.blueprint.rate_limited((("Retry-After", f"{limit.wait:.0f}"),), limit.wait)
