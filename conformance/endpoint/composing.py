"""Requests made from what a script asks for: keys, headers, bodies, and what they may cost.

What lives here: from an `Ask` to the bytes that go out, by the contract alone.
What must never be known here: sockets, and any check.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from conformance import __version__
from conformance.contract import Contract
from conformance.endpoint.script import Ask, Body, Credential, Form
from conformance.hygiene.canary import Canary, mint
from conformance.planning import fill, products
from conformance.sandbox.documents import amount
from conformance.sandbox.templates import point

UNSOLD = "NOBODY-SELLS-THIS"


@dataclass(frozen=True, slots=True)
class Goods:
    """What is ordered: one product, for the least face value that it can be had for."""

    code: str
    currency: str
    least: Decimal


@dataclass(frozen=True, slots=True)
class Play:
    """What one playing of a script has for its own. `mark`: by which its orders are known again; `names`: idempotency
    keys by their name in the script.
    """

    goods: Goods
    mark: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """As it goes out. `credential`: the key in it, None if there is none."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    credential: str | None


def own_goods(contract: Contract) -> Goods:
    """What the contract itself names."""
    code, currency = products(contract)[0]
    return Goods(code, currency, Decimal(contract.orders.face_value_step))


def cheapest(contract: Contract, listed: JsonValue) -> Goods | None:
    """What costs least of all that an endpoint lists; None where nothing of it can be understood."""
    goods = contract.goods
    if goods is None:
        return None
    collection = contract.operations[goods.operation].collection or ""
    entries = listed.get(collection) if isinstance(listed, dict) else None
    found: list[tuple[bool, Decimal, Goods]] = []
    for entry in entries if isinstance(entries, list) else ():
        code, currency = point(entry, goods.code), point(entry, goods.currency)
        if not isinstance(code, str) or currency not in contract.currencies or not isinstance(currency, str):
            continue
        if any(point(entry, at) not in (None, wanted) for at, wanted in goods.orderable.items()):
            continue
        told = [least for at in goods.amounts if (least := _least(point(entry, at))) is not None]
        least = told[0] if told else Decimal(contract.orders.face_value_step)
        found.append((not told, least, Goods(code, currency, least)))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _least(told: JsonValue) -> Decimal | None:
    amounts = [amount(each) for each in (told if isinstance(told, list) else [told])]
    return min((each for each in amounts if each is not None and each > 0), default=None)


def is_order(contract: Contract, ask: Ask) -> bool:
    return ask.operation == contract.create_operation and ask.path is None and ask.method is None


def cost(contract: Contract, ask: Ask, goods: Goods) -> Decimal:
    """The face value that it may book."""
    body = ask.body
    if not is_order(contract, ask) or body is None or body.text is not None:
        return Decimal(0)
    return _face_value(contract, body, goods) * body.items


def _face_value(contract: Contract, body: Body, goods: Goods) -> Decimal:
    return goods.least + body.more * Decimal(contract.orders.face_value_step)


def request(contract: Contract, ask: Ask, play: Play, key: Canary, order_id: str | None = None) -> Request:
    """The request, for an endpoint whose paths begin after its base URL."""
    operation = contract.operations[ask.operation]
    path = operation.path if ask.path is None else ask.path
    if order_id is not None and "{" in path:
        path = path[: path.index("{")] + quote(order_id, safe="") + path[path.index("}") + 1 :]
    if ask.query:
        path = f"{path}?{urlencode(ask.query)}"
    credential = _credential(contract, ask.credential, ask.position, key)
    headers: list[tuple[str, str]] = [
        ("User-Agent", f"golive/{__version__}"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
    ]
    if credential is not None:
        headers.append((contract.auth.header, credential))
    version = contract.versions.current if ask.version is None else ask.version
    if version:
        headers.append((contract.versions.header, version))
    if ask.name or ask.empty_name:
        headers.append((contract.idempotency.header, play.names[ask.name] if ask.name else ""))
    if ask.mode is not None:
        headers.append((contract.orders.mode_header, ask.mode))
    if ask.trigger is not None and contract.trigger is not None:
        headers.append((contract.trigger.header, ask.trigger))
    body = None
    if ask.body is not None:
        body = _body(contract, ask.body, play).encode()
        headers.append(("Content-Type", "application/json"))
    given = {name.lower() for name, _ in ask.headers}
    headers = [each for each in headers if each[0].lower() not in given] + list(ask.headers)
    return Request(ask.method or operation.method, path, tuple(headers), body, credential)


def _credential(contract: Contract, wanted: Credential, position: int, key: Canary) -> str | None:
    """The key that goes out. What is changed is the secret part: the prefix alone opens nothing."""
    auth, secret = contract.auth, key.secret
    opening = key.key[: len(key.key) - len(secret)]
    foreign = mint(contract, random.SystemRandom())
    match wanted:
        case "account":
            return key.key
        case "none":
            return None
        case "empty":
            return ""
        case "other-case" if secret.swapcase() != secret:
            return opening + secret.swapcase()
        case "other-case" | "other-character":
            at = position % len(secret)
            others = [each for each in auth.secret_alphabet if each.lower() != secret[at].lower()]
            return opening + secret[:at] + others[position % len(others)] + secret[at + 1 :]
        case "cut":
            return key.key[:-1]
        case "longer":
            return key.key + auth.secret_alphabet[position % len(auth.secret_alphabet)]
        case "prefix-only":
            return opening or key.key[: len(key.key) // 4]
        case "other-secret":
            return opening + foreign.secret
        case "foreign":
            return foreign.key


def _body(contract: Contract, body: Body, play: Play) -> str:
    if body.text is not None:
        return body.text
    face_value = _face_value(contract, body, play.goods)
    product = play.goods.code if body.sold else UNSOLD
    item = fill(contract.orders.example_item, {"face_value": f"#{face_value}", "product": product})
    order = fill(
        contract.orders.example, {"currency": play.goods.currency, "items": [item for _ in range(body.items)]}
    )
    assert isinstance(order, dict)
    pointer = contract.orders.free_text
    if pointer is not None:
        order = _with_text(order, pointer, " ".join(filter(None, (play.mark, body.remark))))
    written = _written(order, body.form)
    # A face value is a number with just as many digits as it needs, which no float is sure to have.
    return written.replace(f'"#{face_value}"', _number(face_value, body.form))


def _with_text(order: dict[str, JsonValue], pointer: str, text: str) -> dict[str, JsonValue]:
    name, _, rest = pointer.removeprefix("/").partition("/")
    inner = order.get(name)
    if rest:
        return {**order, name: _with_text(inner if isinstance(inner, dict) else {}, f"/{rest}", text)}
    return {**order, name: text}


def _written(order: JsonValue, form: Form) -> str:
    if form == "spaced":
        return json.dumps(order, indent=3, separators=(" ,", " : "))
    return json.dumps(_backwards(order) if form == "reordered" else order, separators=(",", ":"))


def _backwards(value: JsonValue) -> JsonValue:
    """Properties in the other order; lists as they are, since their order means something."""
    if isinstance(value, dict):
        return {name: _backwards(entry) for name, entry in reversed(value.items())}
    return [_backwards(entry) for entry in value] if isinstance(value, list) else value


def _number(value: Decimal, form: Form) -> str:
    plain = f"{value.normalize():f}"
    if form != "numbers":
        return plain
    return f"{plain}0" if "." in plain else f"{plain}.0"
