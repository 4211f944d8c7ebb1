"""The account's real keys: from where they come, and how they are held so that nothing shows them.

What lives here: reading a key from an environment variable or a command, late and once; taking keys out of text.
What must never be known here: what a key is used for. A key is never an argument, and never in the profile.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.contract import Contract
from conformance.hygiene.canary import REDACTED, Canary, Scanner, scanner_for

if TYPE_CHECKING:
    from pydantic import JsonValue

    from conformance.profile import KeySource

PATIENCE = 60.0
"""seconds for a command that prints a key: somebody may have to touch a token or type a passphrase"""
SHORTEST = 16
"""characters of a key; what is shorter is a word, and taking it out of texts would leave holes in all of them"""
_MOST_SAID = 300


class KeyUnavailable(Exception):
    """A key could not be had. The text says why and what to do, and holds nothing of any key."""


@dataclass(frozen=True, slots=True)
class Key:
    """A real key. `environment`: the name under which the profile has it. Shown, it shows its public prefix alone;
    `canary` has it taken apart.
    """

    environment: str
    canary: Canary

    @property
    def prefix(self) -> str:
        return self.canary.prefix

    def reveal(self) -> str:
        """The key itself, for the header that it is meant for."""
        return self.canary.key

    def __str__(self) -> str:
        return f"{self.prefix}…"


class Keyring:
    """The keys that a profile names, each read when it is first asked for, and not again.

    `folder`: where commands are run. `environment`: this process's own unless given.
    """

    def __init__(
        self,
        sources: Mapping[str, KeySource],
        contract: Contract,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._sources = sources
        self._contract = contract
        self._folder = folder
        self._environment = os.environ if environment is None else environment
        self._read: dict[str, Key | KeyUnavailable] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The environments that the profile names a key for, in its order."""
        return tuple(self._sources)

    def key(self, environment: str) -> Key:
        """The key of an environment. Raises KeyUnavailable."""
        found = self._once(environment)
        if isinstance(found, KeyUnavailable):
            raise KeyUnavailable(str(found)) from None
        return found

    def known(self) -> tuple[Key, ...]:
        """All keys that can be had. What is written or shown is freed of them, so this is asked before anything is."""
        return tuple(key for key in map(self._once, self._sources) if isinstance(key, Key))

    def secrets(self) -> list[str]:
        """The secret parts of the known keys."""
        return [key.canary.secret for key in self.known()]

    def scanners(self) -> tuple[Scanner, ...]:
        """What finds the known keys, in whatever form."""
        return tuple(scanner_for(key.canary) for key in self.known())

    def redacted(self, text: str) -> str:
        """The text without the secret part of any known key, in whatever form it was."""
        for scanner in self.scanners():
            text = scanner.redact(text)
        return text

    def without_keys(self, document: JsonValue) -> JsonValue:
        """The same for every text in a document."""
        match document:
            case str():
                return self.redacted(document)
            case list():
                return [self.without_keys(each) for each in document]
            case dict():
                return {self.redacted(name): self.without_keys(each) for name, each in document.items()}
            case _:
                return document

    def _once(self, environment: str) -> Key | KeyUnavailable:
        if environment not in self._read:
            try:
                self._read[environment] = self._key(environment)
            except KeyUnavailable as unavailable:
                self._read[environment] = unavailable
        return self._read[environment]

    def _key(self, environment: str) -> Key:
        source = self._sources.get(environment)
        if source is None:
            raise KeyUnavailable(
                f"the profile names no key for {environment}: name the variable that holds it, as "
                f"account.keys.{environment}: {{env: NAME}}"
            )
        if source.env is not None:
            text = self._environment.get(source.env, "").strip()
            if not text:
                raise KeyUnavailable(
                    f"{source.env} is not set: export it where golive runs, with the key of {environment}"
                )
            return self._taken_apart(environment, text, source.env)
        return self._taken_apart(environment, self._told(environment, source.command), source.command[0])

    def _told(self, environment: str, command: tuple[str, ...]) -> str:
        """The first line of what the command prints."""
        what = f"{command[0]}, which is to print the key of {environment}"
        try:
            ended = subprocess.run(
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise KeyUnavailable(f"{what}, did not end within {PATIENCE:.0f} seconds") from None
        except OSError as error:
            raise KeyUnavailable(
                f"{what}, cannot be started: {os.strerror(error.errno or 0)}; see account.keys.{environment}"
            ) from None
        printed = ended.stdout.decode("utf-8", "replace").strip()
        if ended.returncode or not printed:
            # What it printed may be the key itself, whatever its status; what it says on the side may hold it too.
            said = self._without_keys(ended.stderr.decode("utf-8", "replace"), printed)
            ending = f"ended with status {ended.returncode}" if ended.returncode else "printed nothing"
            raise KeyUnavailable(
                f"{what}, {ending}{f' and said: {said}' if said else ''}; run it by hand to see why"
            )
        return printed.splitlines()[0].strip()

    def _without_keys(self, text: str, printed: str) -> str:
        for word in printed.split():
            text = text.replace(word, REDACTED)
        return " ".join(self._contract.key_pattern.sub(REDACTED, text).split())[:_MOST_SAID]

    def _taken_apart(self, environment: str, text: str, where: str) -> Key:
        auth = self._contract.auth
        if len(text) < SHORTEST or any(character.isspace() or ord(character) < 32 for character in text):
            raise KeyUnavailable(
                f"what {where} gives for the key of {environment} is no key: keys look like {auth.example}"
            )
        if self._contract.key_pattern.fullmatch(text):
            start = auth.prefix_length + len(auth.separator)
            return Key(environment, Canary(text, text[: auth.prefix_length], text[start:]))
        # The documented shape may be too narrow. Whatever it is, it is to be kept.
        prefix, separator, secret = text.partition(auth.separator)
        if not separator or len(secret) < SHORTEST // 2 or len(prefix) > 2 * auth.prefix_length:
            return Key(environment, Canary(text, "", text))
        return Key(environment, Canary(text, prefix, secret))
