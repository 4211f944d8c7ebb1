"""What the correct clients do alike: wait with jitter, and as long as they are asked to; notice another version."""

from __future__ import annotations

import logging
import random
import time
from email.utils import parsedate_to_datetime

log = logging.getLogger(__name__)


def asked_wait(headers):
    """Seconds that a Retry-After header asks for, as a number or as a date; 0 if there is none that can be read."""
    text = headers.get("Retry-After") or ""
    try:
        return float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return 0.0


def limited_wait(headers, least):
    """Seconds to wait after a 429: a little more than these, or what the answer asks for."""
    return max(least * random.uniform(1, 1.2), asked_wait(headers))


def look_at_version(headers, wanted):
    """Says so in the log if an answer names another version than was asked for."""
    given = headers.get("X-Api-Version")
    if given and given != wanted:
        log.warning("asked for version %s of the API, answered in %s", wanted, given)
