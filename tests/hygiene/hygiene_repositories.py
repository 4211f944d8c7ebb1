"""Repositories made with real git, and keys to bury in them."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

from conformance.contracts import load_contract
from conformance.hygiene.canary import mint
from conformance.hygiene.leaks import Search, search
from conformance.hygiene.source import Finder
from conformance.keys import Key

CONTRACT = load_contract("runa")


def made_up(seed: int, environment: str = "playground") -> Key:
    """A key as the vendor could have issued it. Made here, so that none stands in this repository."""
    rng = random.Random(seed)
    while True:
        canary = mint(CONTRACT, rng, environment)
        if any(character.isdigit() for character in canary.secret):
            return Key(environment, canary)


OWN, STRANGER = made_up(1), made_up(2)
KEY = OWN.reveal()


class Repo:
    """A working tree; `git` runs git in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Somebody")
        self.git("config", "user.email", "somebody@example.com")

    def git(self, *arguments: str, given: bytes | None = None) -> str:
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        ended = subprocess.run(
            command, cwd=self.folder, env=env, input=given, capture_output=True, check=False
        )
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode("utf-8", "replace").strip()

    def write(self, path: str, content: str | bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str = "Something", **files: str | bytes) -> str:
        """Commits everything; names of files have `__` for a dot. The id of the commit."""
        for name, content in files.items():
            self.write(name.replace("__", "."), content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def found(self, *keys: Key, **options: bool) -> Search:
        return search(self.folder, Finder(CONTRACT, keys), **options)


Bury = Callable[[Repo], None]
