"""Why some edits of the reference client are seen by no check: a reason for each, or a gap that we know of.

What must never be known here: anything that was not looked at by hand.
"""

from __future__ import annotations

REASONS: dict[str, str] = {}
