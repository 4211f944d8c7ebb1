"""Clients that do to the process what no client should: the suite has to outlive them and say what they did."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time

import httpx

from gallery.reference import Context, Kind, Reference


class IgnoresBaseUrl(Reference):
    """Goes to the production API, whatever base URL it is given."""

    def url(self) -> str:
        return "https://api.runa.io/v2/order"


class Spins(Reference):
    """Waits for a rate limit to pass in an endless loop that gives nobody else a turn."""

    def on_rate_limit(self, response: httpx.Response) -> tuple[Kind, str]:
        while True:
            pass


class ExitsOnRateLimit(Reference):
    """Calls sys.exit when it is rate limited."""

    def on_rate_limit(self, response: httpx.Response) -> tuple[Kind, str]:
        sys.exit("rate limited, try again later")


class EndsTheProcess(Reference):
    """Ends its process, without a word, when the server has an error."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status >= 500:
            os._exit(3)
        return super().on_error(status, type)


class NeverReturns(Reference):
    """Goes to sleep for ever when it is rate limited, and its caller with it."""

    @classmethod
    def place_order(cls, order: dict[str, object], context: Context) -> object:
        async def place() -> object:
            try:
                return cls(order, context).place()
            except _Limited:
                await asyncio.Event().wait()
                return None

        return place()

    def on_rate_limit(self, response: httpx.Response) -> tuple[Kind, str]:
        raise _Limited


class _Limited(Exception):
    pass


class Floods(Reference):
    """Places its orders as it should, and prints fifty megabytes over each."""

    def created(self, order_id: str) -> object:
        for _ in range(50):
            print("x" * 999_999)
        return super().created(order_id)


class LeavesThreads(Reference):
    """Places its orders as it should, and leaves a thread behind for each, which never ends."""

    def created(self, order_id: str) -> object:
        threading.Thread(target=_tick, daemon=False).start()
        return super().created(order_id)


def _tick() -> None:
    while True:
        time.sleep(60)
