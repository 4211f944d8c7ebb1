"""golive: proves that a client of a payments-like HTTP API is ready to go live.

This module is the table of contents. Nothing heavy may be imported here: it is read by every pytest run of
the environment that golive is installed in, and by every client that raises `Unknown`.
"""

from __future__ import annotations

__all__ = ["Unknown", "__version__"]

__version__ = "0.1.0"


class Unknown(Exception):
    """The order may exist, and the caller cannot know.

    Raise it, or an exception of your own that derives from it or was caused by it, when your client gives
    up on an order without a final answer: the connection broke, the time-out ran out, the server kept
    answering 5xx. golive then notes the outcome `unknown` and asks again with the same reference; any other
    exception says that the order was rejected. A client that cannot depend on golive gives its own exception
    the class attribute `outcome = "unknown"` instead.
    """

    outcome = "unknown"
