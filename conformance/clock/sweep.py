"""Putting something else in the place of a name, also where other modules have bound it already.

What lives here: the replacing.
What must never be known here: what is replaced, and by what.
"""

from __future__ import annotations

import sys

_OWN = __name__.rpartition(".")[0]


class Replacements:
    """Originals and what stands in for them."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[object, object]] = {}
        """by the identity of the original, which is kept so that the identity stays its own"""

    def put(self, owner: object, name: str, replacement: object) -> None:
        """Replace an attribute of a module; `sweep` finds the other names for the same object."""
        original = getattr(owner, name)
        self._made[id(original)] = (original, replacement)
        setattr(owner, name, replacement)

    def sweep(self) -> None:
        """`from time import sleep` was executed in many a module before now: bind those names anew."""
        for module_name, module in tuple(sys.modules.items()):
            if module_name.startswith(_OWN):
                continue
            names = getattr(module, "__dict__", None)
            if not isinstance(names, dict):
                continue
            for name, value in tuple(names.items()):
                if id(value) in self._made:
                    names[name] = self._made[id(value)][1]
