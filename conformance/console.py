"""Standard output as golive writes to it: whoever reads it may go away, and the run goes on.

What must never be known here: what is said.
"""

from __future__ import annotations

import os
import sys

import rich.console


class Console(rich.console.Console):
    """Like rich's, which ends the program where nobody reads on: `golive run | head` is to write its report, too."""

    def __init__(self) -> None:
        super().__init__(highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        # Nothing more is said, and nothing that is still buffered fails when the interpreter ends.
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
