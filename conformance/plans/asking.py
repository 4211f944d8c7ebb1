"""What is asked of a real endpoint: the scripts that are always played, and strategies for those after them.

What lives here: rows of requests, from the contract alone, none of which costs more than it has to.
What must never be known here: what any check makes of the answers.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from conformance.contract import Contract
from conformance.endpoint import openapi
from conformance.endpoint.script import Ask, Body, Credential, Form, Script

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Scripts: TypeAlias = Callable[[Contract], tuple[Script, ...]]

BAD_KEYS: tuple[Credential, ...] = (
    "empty",
    "other-case",
    "other-character",
    "cut",
    "longer",
    "prefix-only",
    "other-secret",
)
UNKNOWN_VERSIONS = ("1999-12-31", "latest")
NOWHERE = "/there-is-nothing-here"
_IN_PATHS = string.ascii_letters + string.digits + "-_.~"


def one(*asks: Ask) -> tuple[Script, ...]:
    return (Script(asks),)


def ping(
    contract: Contract, credential: Credential = "account", position: int = 0, version: str | None = None
) -> Ask:
    return Ask(contract.ping_operation, credential, position, version)


def order(
    contract: Contract,
    body: Body | None = None,
    *,
    name: str = "first",
    mode: str = "sync",
    trigger: str | None = None,
    credential: Credential = "account",
    version: str | None = None,
) -> Ask:
    """One order, the smallest unless `body` says otherwise, in the contract's word for the mode."""
    return Ask(
        contract.create_operation,
        credential,
        version=version,
        name=name,
        mode=contract.orders.modes["sync" if mode == "sync" else "async"],
        trigger=trigger,
        body=body or Body(),
    )


def between_lists(contract: Contract, *asks: Ask) -> Script:
    """The list of orders, these requests, and the list again, as far as the order of the first of them is in it."""
    name = next(name for name, operation in contract.operations.items() if operation.kind == "list")
    return Script((Ask(name), *asks, Ask(name, order_of=1)))


def stranger(contract: Contract, letters: str = "0" * 26) -> Ask:
    """An order that nobody has placed."""
    order_id = contract.orders.id_template.replace("{ulid}", letters)
    name, operation = next((n, each) for n, each in contract.operations.items() if each.kind == "fetch")
    path = operation.path
    return Ask(name, path=path[: path.index("{")] + order_id + path[path.index("}") + 1 :])


def bad_keys(contract: Contract) -> tuple[Script, ...]:
    """The account's key, so that refusals mean something, and what is nearly it."""
    return one(ping(contract), *(ping(contract, bad, 7) for bad in BAD_KEYS))


def no_key(contract: Contract) -> tuple[Script, ...]:
    return one(ping(contract), ping(contract, "none"), order(contract, credential="none"))


def foreign_keys(contract: Contract) -> tuple[Script, ...]:
    return one(ping(contract), ping(contract, "foreign"), order(contract, credential="foreign"))


def nearly_the_key(contract: Contract) -> SearchStrategy[Script]:
    """Any one character of the key's secret changed, or one more at its end."""
    from hypothesis import strategies as st

    kinds: SearchStrategy[Credential] = st.sampled_from(("other-character", "longer"))
    return st.builds(
        lambda kind, position: Script((ping(contract), ping(contract, kind, position))),
        kinds,
        st.integers(0, contract.auth.secret_length - 1),
    )


def unnamed(mode: str) -> Scripts:
    """An order without idempotency key, and the same with one, which must be good for the refusal to mean that."""
    return lambda contract: one(order(contract, name="", mode=mode), order(contract, mode=mode))


def repeated(mode: str) -> Scripts:
    return lambda contract: (between_lists(contract, *(order(contract, mode=mode) for _ in range(3))),)


def rewritten(contract: Contract) -> tuple[Script, ...]:
    """The same order in other bytes."""
    forms: tuple[Form, ...] = ("spaced", "reordered", "numbers")
    return tuple(between_lists(contract, order(contract), order(contract, Body(form))) for form in forms)


def renamed(contract: Contract) -> tuple[Script, ...]:
    """Two orders of the same content, each under a key of its own."""
    return (between_lists(contract, order(contract), order(contract, name="second")),)


def any_repetition(contract: Contract) -> SearchStrategy[Script]:
    """In either mode, of any number of items, refused or not, as it was."""
    from hypothesis import strategies as st

    def script(body: Body, times: int) -> Script:
        mode = "async" if body.items > 1 else "sync"
        asks = (order(contract, body, mode=mode),) * times
        return between_lists(contract, *asks) if body.sold else Script(asks)

    words = st.none() | st.text(string.ascii_letters + " ", max_size=20)
    bodies = st.builds(
        Body, more=st.integers(0, 9), items=st.integers(1, 2), remark=words, sold=st.booleans()
    )
    return st.builds(script, bodies, st.integers(2, 3))


def refused(contract: Contract) -> tuple[Script, ...]:
    """Orders that are refused, each sent again as it was."""
    unsold = order(contract, Body(sold=False))
    forced = [order(contract, trigger=type_) for type_ in _triggers(contract)]
    return tuple(Script((ask, ask)) for ask in (unsold, *forced))


def forced_once(contract: Contract) -> tuple[Script, ...]:
    """Errors that were asked for, and the same order again without asking for one."""
    return tuple(Script((order(contract, trigger=type_), order(contract))) for type_ in _triggers(contract))


def reused(body: Body, mode: str = "sync") -> Scripts:
    """Another order under the key of the first, and the first again, once it was seen what is in the list."""

    def scripts(contract: Contract) -> tuple[Script, ...]:
        if body.remark is not None and contract.orders.free_text is None:
            return ()
        first = order(contract, mode=mode)
        seen = between_lists(contract, first, order(contract, body, mode=mode))
        return (Script((*seen.asks, first)),)

    return scripts


def reused_after_error(contract: Contract) -> tuple[Script, ...]:
    return one(order(contract, Body(sold=False)), order(contract))


def any_reuse(contract: Contract) -> SearchStrategy[Script]:
    """A little more, other words, or the item twice."""
    from hypothesis import strategies as st

    def script(body: Body) -> Script:
        mode = "async" if body.items > 1 else "sync"
        return Script((order(contract, mode=mode), order(contract, body, mode=mode)))

    changes = [
        st.builds(Body, more=st.integers(1, 20)),
        st.builds(Body, more=st.integers(0, 3), items=st.just(2)),
    ]
    if contract.orders.free_text is not None:
        changes.append(st.builds(Body, remark=st.text(string.ascii_letters, min_size=1, max_size=20)))
    return st.builds(script, st.one_of(*changes))


def current(contract: Contract) -> tuple[Script, ...]:
    """What goes well, with and without a version of one's own, and an order."""
    listed = next(name for name, operation in contract.operations.items() if operation.kind == "list")
    return one(ping(contract), ping(contract, version=""), Ask(listed), order(contract, mode="async"))


def errors(contract: Contract) -> tuple[Script, ...]:
    """One of each kind that costs nothing."""
    return one(*_lost(contract), *_keyless(contract), *_wrong(contract), *_forced(contract))


def described_errors(contract: Contract) -> tuple[Script, ...]:
    """The same, but for addresses that no description has."""
    return one(stranger(contract), *_keyless(contract), *_wrong(contract), *_forced(contract))


def unknown_versions(contract: Contract) -> tuple[Script, ...]:
    first, *others = UNKNOWN_VERSIONS
    return one(
        ping(contract),
        ping(contract, version=first),
        order(contract, version=first),
        *(ping(contract, version=other) for other in others),
    )


def removed_versions(contract: Contract) -> tuple[Script, ...]:
    removed = contract.versions.removed
    return one(ping(contract), *(ping(contract, version=each) for each in removed)) if removed else ()


def lost(contract: Contract) -> tuple[Script, ...]:
    return one(*_lost(contract))


def keyless(contract: Contract) -> tuple[Script, ...]:
    return one(*_keyless(contract))


def wrong(contract: Contract) -> tuple[Script, ...]:
    return one(*_wrong(contract))


def forced(contract: Contract) -> tuple[Script, ...]:
    return one(*_forced(contract)) if _triggers(contract) else ()


def any_error(contract: Contract) -> SearchStrategy[Script]:
    """Addresses that lead nowhere, orders that nobody placed, bodies that are none."""
    from hypothesis import strategies as st

    words = st.text(_IN_PATHS, min_size=1, max_size=40).filter(lambda word: set(word) != {"."})
    paths = words.map(lambda word: Ask(contract.ping_operation, path=f"{NOWHERE}/{word}"))
    ids = st.text(string.ascii_uppercase + string.digits, min_size=26, max_size=26)
    strangers = ids.map(lambda letters: stranger(contract, letters))
    texts = st.text(string.printable + "äé€", max_size=20)
    leaves = st.none() | st.booleans() | st.integers(-9, 9) | texts
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3)
    )
    bodies = (values.map(json.dumps) | texts).map(lambda text: order(contract, Body(text=text)))
    return (paths | strangers | bodies).map(lambda ask: Script((ask,)))


def everything(contract: Contract) -> tuple[Script, ...]:
    """Every operation that changes nothing, once as it should be."""
    return one(
        *(_plainly(contract, name) for name in openapi.readable(contract) if not _of_an_order(contract, name))
    )


def orders(contract: Contract) -> tuple[Script, ...]:
    """An order, itself again, another under its key, and the first looked up."""

    def script(mode: str) -> Script:
        first = order(contract, mode=mode)
        asks = [first, first, order(contract, Body(more=1), mode=mode)]
        lookups = [name for name, operation in contract.operations.items() if operation.kind == "fetch"]
        return Script((*asks, *(Ask(name, order_of=0) for name in lookups)))

    return script("sync"), script("async")


def _plainly(contract: Contract, name: str) -> Ask:
    return Ask(name, of_goods="{" in contract.operations[name].path)


def _of_an_order(contract: Contract, name: str) -> bool:
    return contract.operations[name].kind == "fetch"


def _lost(contract: Contract) -> tuple[Ask, ...]:
    return Ask(contract.ping_operation, path=NOWHERE), stranger(contract)


def _keyless(contract: Contract) -> tuple[Ask, ...]:
    return ping(contract, "none"), ping(contract, "foreign")


def _wrong(contract: Contract) -> tuple[Ask, ...]:
    """Orders that cannot be read, are none, or are for nothing that is sold."""
    texts = [order(contract, Body(text=text), name=text) for text in ("{", "{}")]
    return *texts, order(contract, Body(sold=False), name="unsold")


def _forced(contract: Contract) -> tuple[Ask, ...]:
    return tuple(order(contract, name=type_, trigger=type_) for type_ in _triggers(contract))


def _triggers(contract: Contract) -> tuple[str, ...]:
    return contract.trigger.types if contract.trigger else ()
