"""Systematic edits of a client's source, over its syntax tree: each changes one thing.

What lives here: the kinds of edits. What must never be known here: any check.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS = {
    "created": ("lost",),
    "final": ("transient", "lost"),
    "mismatch": ("final", "transient"),
    "limited": ("transient", "final"),
    "in-progress": ("transient", "final", "created"),
    "transient": ("final", "in-progress"),
    "lost": ("final", "transient", "created"),
}
"""for each kind of answer, others that a client may take it for"""
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
NARROWER = ("httpx.ConnectError", "httpx.TimeoutException", "httpx.NetworkError", "httpx.RemoteProtocolError")
BY_HAND = {
    "key_now": (
        "self.new_key()",
        "self.key if self.attempt < 3 else self.new_key()",
        "self.key if self.attempt == 1 else ''",
        "f'{self.key}-{self.attempt}'",
        "self.key if not self.met['transient'] else self.new_key()",
        "self.key if not self.met['limited'] else self.new_key()",
        "self.key if not self.met['in-progress'] else self.new_key()",
    ),
    "new_key": (
        "str(time.time_ns())",
        "self.context.reference",
        "hashlib.sha256(self.context.reference.encode()).hexdigest()",
        "hashlib.md5(json.dumps(self.order).encode()).hexdigest()",
        "str(uuid.uuid5(uuid.NAMESPACE_URL, self.context.reference))",
        "str(uuid.uuid1())",
        "f'{random.getrandbits(32):08x}'",
        "'order'",
    ),
    "content": (
        "json.dumps({**self.order, 'sent_at': time.time()})",
        "json.dumps({**self.order, 'attempt': self.attempt})",
        "json.dumps(self.order, sort_keys=self.attempt > 1, indent=self.attempt)",
    ),
    "url": (
        "f'{self.context.base_url}/order?key={self.context.api_key}'",
        "f'{self.context.base_url}/order?attempt={self.attempt}'",
    ),
    "pause": (
        "self.first_pause[kind]",
        "self.first_pause[kind] * random.random()",
        "random.uniform(0, self.first_pause[kind] * 2.0 ** (times - 1))",
        "self.first_pause[kind] * times * random.uniform(1, 1.1)",
        "self.first_pause[kind] / times",
        "1.0",
        "0.05",
        "600.0",
    ),
    "created": ("self.key", "{'id': order_id, 'status': 'COMPLETED'}", "None", "'ok'"),
}
"""other results of a step, as a hurried hand would write them"""


@dataclass(frozen=True, slots=True)
class Edit:
    """`name`: where, and from what to what; no two edits have the same one."""

    name: str
    source: str


def edits(source: str) -> list[Edit]:
    """All edits of a module's classes that have a `place` and of its functions, in the order of its lines."""
    tree = ast.parse(source)
    made: list[Edit] = []
    seen = {ast.unparse(tree)}
    times: Counter[str] = Counter()
    for scope in _scopes(tree):
        where = _name(scope)
        for index, node in enumerate(ast.walk(scope)):
            for told, other in _others(node, where):
                edited = _replaced(tree, scope, index, other)
                text = ast.unparse(edited)
                if text in seen:
                    continue
                seen.add(text)
                name = f"{where}: {told}"
                times[name] += 1
                made.append(Edit(f"{name} ({times[name]})" if times[name] > 1 else name, text + "\n"))
    return made


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    """Methods, the class's own values, and functions: whatever is done when an order is placed."""
    for each in tree.body:
        if isinstance(each, ast.FunctionDef):
            yield each
        elif isinstance(each, ast.ClassDef) and any(
            getattr(step, "name", "") == "place" for step in each.body
        ):
            yield from (
                step for step in each.body if not isinstance(step, ast.Expr) and not _is_product(step)
            )


def _is_product(step: ast.stmt) -> bool:
    """A length of time, written out: ten times a factor of it says nothing that ten times another does not."""
    return isinstance(step, ast.AnnAssign) and isinstance(step.value, ast.BinOp)


def _name(scope: ast.AST) -> str:
    match scope:
        case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return "class"


def _others(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
    """What could stand in the place of a node, each with words for the edit."""
    if isinstance(node, ast.Return) and node.value:
        for text in BY_HAND.get(where, ()):
            yield f"returns {text}", ast.Return(_parsed(text))
    yield from _other_values(node)
    yield from _other_conditions(node)
    yield from _other_steps(node)


def _other_values(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Constant(value=bool() | None):
            return
        case ast.Constant(value=int() | float() as value):
            for number in (value * 10, value / 10):
                yield f"{value} becomes {number:g}", ast.Constant(number)
        case ast.keyword(arg="timeout"):
            yield "no timeout", ast.keyword("timeout", ast.Constant(None))
        case ast.Constant(value=str() as value):
            for kind in SWAPS.get(value, ()):
                yield f"{value} becomes {kind}", ast.Constant(kind)
        case ast.Dict(keys=keys, values=values):
            for index, key in enumerate(keys):
                shorter = ast.Dict(keys[:index] + keys[index + 1 :], values[:index] + values[index + 1 :])
                yield f"without {ast.unparse(key) if key else '**'}", shorter
        case ast.Call(func=ast.Name(id="min"), args=args):
            yield f"{ast.unparse(node)} without the cap", args[0]


def _other_conditions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            if type(operator) in OPPOSITE:
                opposite = ast.Compare(left, [OPPOSITE[type(operator)]()], [right])
                yield f"{ast.unparse(node)} becomes {ast.unparse(opposite)}", opposite
            if isinstance(right, ast.Constant) and isinstance(right.value, int):
                for number in (right.value - 1, right.value + 1):
                    near = ast.Compare(left, [operator], [ast.Constant(number)])
                    yield f"{ast.unparse(node)} becomes {ast.unparse(near)}", near
        case ast.BoolOp(values=values, op=operator):
            for index, operand in enumerate(values):
                rest = values[:index] + values[index + 1 :]
                fewer = rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)
                yield f"{ast.unparse(node)} without {ast.unparse(operand)}", fewer
        case ast.If(test=test) | ast.IfExp(test=test):
            for text in ("True", "False"):
                decided = copy.deepcopy(node)
                decided.test = _parsed(text)
                yield f"if {ast.unparse(test)} becomes if {text}", decided


def _other_steps(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.ExceptHandler(type=ast.expr() as caught):
            name = ast.unparse(caught)
            narrower = NARROWER if name.startswith("httpx.") else ("KeyError",)
            for text in (*narrower, "Exception"):
                handler = ast.ExceptHandler(_parsed(text), node.name, node.body)
                yield f"except {name} becomes except {text}", handler
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=args)):
            for other in sorted({"Rejected", "Unknown", "RuntimeError"} - {name}):
                raised = ast.Call(ast.Name(other, ast.Load()), args, [])
                yield f"raise {name} becomes raise {other}", ast.Raise(raised)
            yield f"raise {name} becomes return", ast.Return(args[0])
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Assign(targets=[ast.Attribute()]):
            yield f"without {ast.unparse(node)}", ast.Pass()


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _replaced(tree: ast.Module, scope: ast.AST, index: int, other: ast.AST) -> ast.Module:
    """A copy of the tree with another node in the place of the one that has this index in the walk of its scope."""
    memo: dict[int, object] = {}
    whole = copy.deepcopy(tree, memo)
    node = next(each for number, each in enumerate(ast.walk(scope)) if number == index)
    target = memo[id(node)]

    class Replacing(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return other if node is target else self.generic_visit(node)

    return ast.fix_missing_locations(Replacing().visit(whole))  # type: ignore[no-any-return]  # a module is what went in
