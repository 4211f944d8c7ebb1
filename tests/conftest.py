"""Whatever runs these tests, golive is not to take it for the workflow that it reports to."""

from __future__ import annotations

import os

for _name in "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY":
    os.environ.pop(_name, None)
