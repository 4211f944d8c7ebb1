"""The numbers that are the suite's own, and no vendor's: how long is too long, and how much is too much.

What lives here: bounds that checks judge by and that trials have to reach, so that both agree.
What must never be known here: who is measured by them.
"""

from __future__ import annotations

CALL = 3_600.0
"""client seconds in which one call ends, whatever goes wrong"""
ATTEMPTS = 50
"""attempts in one call at the most"""
ATTEMPTS_A_MINUTE = 30
"""attempts within any sixty client seconds at the most"""
ATTEMPT = 300.0
"""client seconds in which one attempt ends that nobody answers"""
WAITED = 660.0
"""seconds on the wall that the suite waits for one call where faults never end: eight attempts with long time-outs"""
EXTRA = 1.1
"""times `CALL` for which a call may go on where the machine can have made up some of it"""
POLL = 1.0
"""client seconds between two polls for an order at the least, by the median"""
REQUESTS_AN_ORDER = 3.0
"""attempts that an order of a burst needs on the average at the most"""
