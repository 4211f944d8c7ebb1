"""What all processes of one client share: the environment, the scratch folder, the record of what they wrote.

What lives here: that, and the words in which the end of a process is told.
What must never be known here: how an order gets into a process, and its outcome out of it.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from conformance.drivers import Setting
from conformance.drivers.confinement import Process
from conformance.drivers.environment import clean_env, fill, render_env
from conformance.evidence import Output
from conformance.hygiene.canary import REDACTED, scanner_for
from conformance.traces import Traces

_LAST_LINES = 5
_KILLED = (
    -signal.SIGKILL,
    128 + signal.SIGKILL,
)  # the second is what a shell says of a child that was killed


class Quarters:
    """Where the processes of one client live. `port`: of its service, if it is one; else that of the sandbox.
    `killed`: one of them was ended by a SIGKILL that was not ours. Threads may share it.

    Raises EnvironmentMistake when `env` cannot be filled in.
    """

    def __init__(self, setting: Setting, port: int | None = None) -> None:
        self.scanner = scanner_for(setting.canary)
        self.killed = False
        self._setting = setting
        self._lock = threading.Lock()
        self._streams: list[Output] = []
        self._values = {
            "base_url": setting.base_url,
            "api_key": setting.canary.key,
            "api_version": setting.api_version,
            "port": str(port or urlsplit(setting.base_url).port or ""),
            "state_dir": str(setting.state_dir),
            "ca_file": str(setting.ca_file or ""),
        }
        named = render_env(setting.env, self._values)
        self._scratch: Path | None = Path(tempfile.mkdtemp(prefix="golive-client-"))
        temporary = self._scratch / "tmp"
        temporary.mkdir()
        self._env = {
            **clean_env(temporary),
            **setting.trust,
            **named,
            "GOLIVE_STATE_DIR": self._values["state_dir"],
            "GOLIVE_CA_FILE": self._values["ca_file"],
            "GOLIVE_API_VERSION": setting.api_version,
            **setting.preload,
        }
        self._traces = Traces(
            self._scratch, setting.folder, setting.client.log_files, setting.canary, (setting.folder,)
        )
        self._traces.begin(setting.state_dir, thorough=setting.thorough)

    def start(self, command: Sequence[str], *, stdin: int, stdout: int, stderr: int) -> Process:
        """Raises NotStarted."""
        assert self._setting.confinement is not None  # only a service that runs already has none
        return self._setting.confinement.start(
            command, env=self._env, cwd=self._setting.folder, stdin=stdin, stdout=stdout, stderr=stderr
        )

    def filled(self, text: str) -> str:
        """The text with its braces filled in as in the environment."""
        return fill(text, self._values)

    def ended(self, process: Process) -> str:
        """In what a process that has ended by itself did so; remembers whether it was killed."""
        # Without a status, the process that watched over it was killed, and with it all that it knew.
        self.killed = self.killed or process.status is None or process.status in _KILLED
        return _told(process.status)

    def keep(self, outputs: Sequence[Output]) -> None:
        """For the next `outputs`."""
        with self._lock:
            self._streams += outputs

    def outputs(self) -> tuple[Output, ...]:
        """The streams that were kept, and what was written to log files and to the client's own folders."""
        with self._lock:
            streams, self._streams = self._streams, []
            if self._scratch is None:
                return tuple(streams)
            files = self._traces.collect()
            self._traces.begin(self._setting.state_dir, thorough=self._setting.thorough)
        return (*streams, *(self._without_other_keys(output) for output in files))

    def close(self) -> None:
        """Removes the folder. What was written until now is still given by `outputs`."""
        last = self.outputs()
        with self._lock:
            self._streams += last
            scratch, self._scratch = self._scratch, None
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)

    def _without_other_keys(self, output: Output) -> Output:
        """Trials side by side share the client's log files, and each knows only its own key by its secret."""
        pattern = self._setting.contract.key_pattern
        return replace(output, text=pattern.sub(REDACTED, output.text))


def last_lines(texts: Sequence[tuple[str, str]]) -> str:
    """The end of the first stream that has one: standard error, or standard output where there was none."""
    for stream, text in sorted(texts):
        lines = [line for line in text.splitlines() if line.strip()]
        if lines:
            shown = "\n".join(line[:300] for line in lines[-_LAST_LINES:])
            return f"; the last of its {stream}:\n{shown}"
    return ""


def _told(status: int | None) -> str:
    if status is None:
        return "no exit status, as did the process that watched over it"
    if status == 128 + signal.SIGKILL:
        return f"exit status {status}, a shell's word for signal 9 (SIGKILL)"
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"signal {-status} ({signal.Signals(-status).name})"
    return f"signal {-status}"
