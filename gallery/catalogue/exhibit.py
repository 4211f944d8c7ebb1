"""What is expected of one client of the gallery.

What must never be known here: how a client is examined.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Exhibit:
    """`caught_by`: the check that this client is here for; empty for a correct client. `also`: other checks that
    fail, and why they cannot do otherwise. `profile`: what its golive.yaml says beyond the ordinary. `select`:
    the checks that are put to a correct client, all if there are none. `name` and `sentence`: what it is called
    and what it does; taken from its source unless it is only its profile that makes it what it is.
    """

    target: str
    caught_by: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    profile: Mapping[str, object] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    name: str = ""
    sentence: str = ""

    def __post_init__(self) -> None:
        name, sentence = _as_written(self.target)
        object.__setattr__(self, "name", self.name or name)
        object.__setattr__(self, "sentence", self.sentence or sentence)

    @property
    def program(self) -> str:
        """What has to be installed beside Python to run it; empty if nothing."""
        return "node" if ".mjs" in self.target else ""


def _as_written(target: str) -> tuple[str, str]:
    """Name and first sentence of the class, or of the module, that the target is in. Read, not imported: some of
    these clients need libraries that their reader may not have.
    """
    module, _, function = target.partition(":")
    if module.endswith(".mjs"):
        return _as_written_for_node(module, function)
    named, dot, _ = function.rpartition(".")
    tree: ast.Module | ast.ClassDef = _source(module)
    if dot:
        tree = next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == named)
    sentence = (ast.get_docstring(tree) or "").partition("\n\n")[0].replace("\n", " ")
    return named or module.rpartition(".")[2], sentence


def _as_written_for_node(file: str, named: str) -> tuple[str, str]:
    text = (Path(__file__).parents[2] / file).read_text()
    pattern = rf"/\*\* ([^*]*) \*/\nexport class {named} " if named else r"// (.*)\n"
    found = re.search(pattern, text)
    sentence = " ".join(found[1].split()) if found else ""
    return f"node:{named or Path(file).stem}", sentence


@cache
def _source(module: str) -> ast.Module:
    path = Path(__file__).parents[2] / f"{module.replace('.', '/')}.py"
    return ast.parse(path.read_text())


def broken(path: str, caught_by: str, also: Mapping[str, str] | None = None) -> Exhibit:
    module, _, name = path.partition(".")
    return Exhibit(f"gallery.{module}:{name}.place_order", caught_by, also or {})


def badly_configured(name: str, sentence: str, caught_by: str, **profile: object) -> Exhibit:
    target = "gallery.reference:Reference.place_order"
    return Exhibit(target, caught_by, profile=profile, name=name, sentence=sentence)
