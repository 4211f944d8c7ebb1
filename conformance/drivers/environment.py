"""What a client finds in its environment: little, and nothing that it was not meant to have.

What lives here: the clean environment, where modules are looked for, and how the profile's braces are filled
in.
What must never be known here: any variable of any client or vendor, and how the client is started.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

BRACES = ("base_url", "api_key", "api_version", "port", "state_dir", "ca_file")
"""what may stand in braces in `client.env`, `client.url` and `client.ready`"""

_INHERITED = ("PATH", "HOME", "LANG", "TZ")
_BRACE = re.compile(r"\{([A-Za-z_]\w*)\}")  # JSON in a value has braces too, but never these


def import_paths(folder: Path, current: Path) -> tuple[str, ...]:
    """Where a Python client is looked for, in this order: the profile's folder, the current one, PYTHONPATH."""
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return (str(folder), str(current), *(path for path in inherited if path))


class EnvironmentMistake(ValueError):
    """Something in `client.env` cannot be in an environment; the text says what, and what would be right."""


def clean_env(temporary: Path) -> dict[str, str]:
    """Where programs, home, language and time zone are, and a folder for temporary files; nothing else."""
    env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    env.setdefault("PATH", os.defpath)
    env.setdefault("LANG", "C.UTF-8")
    env.setdefault("HOME", str(temporary))
    return env | dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(temporary))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fills braces in. A brace that `values` lacks becomes empty; braces around other words are the client's
    own, and stay. (`profile_rules.py` refuses words that are nearly one of ours.)
    """
    return _BRACE.sub(lambda found: values.get(found[1], "") if found[1] in BRACES else found[0], text)


def render_env(env: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """The environment with its braces filled in.

    Raises EnvironmentMistake: what no environment can hold.
    """
    rendered = {}
    for name, value in env.items():
        if "\0" in name or "\0" in value or "=" in name or not name:
            raise EnvironmentMistake(
                f"client.env.{name!r}: a name has no `=`, and neither name nor value a zero byte"
            )
        rendered[name] = fill(value, values)
    return rendered
