"""Gift card ordering for the rewards service."""

import logging
import time
import uuid
from functools import lru_cache

import httpx

log = logging.getLogger("rewards.orders")

RETRYABLE = {429, 500, 502, 503, 504}
MAX_TRIES = 5


class OrderError(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class OrderClient:
    """Talks to the gift card API. Retries timeouts, rate limits and server errors with exponential backoff."""

    def __init__(self, base_url, api_key, api_version):
        self.http = httpx.Client(base_url=base_url, timeout=15)
        self.headers = {"X-Api-Key": api_key, "X-Api-Version": api_version}

    def create(self, order):
        delay = 0.5
        for attempt in range(1, MAX_TRIES + 1):
            try:
                response = self._post("/order", order)
            except httpx.TransportError as error:
                log.warning("attempt %d of %d failed: %r", attempt, MAX_TRIES, error)
            else:
                if response.status_code not in RETRYABLE:
                    return self._read(response)
                log.warning("attempt %d of %d: HTTP %d", attempt, MAX_TRIES, response.status_code)
            time.sleep(delay)
            delay *= 2
        raise OrderError("unavailable", f"no success after {MAX_TRIES} attempts")

    def _post(self, path, body):
        headers = {**self.headers, "X-Idempotency-Key": str(uuid.uuid4())}
        log.debug("POST %s headers=%s body=%s", path, headers, body)
        return self.http.post(path, json=body, headers=headers)

    def _read(self, response):
        data = response.json()
        if response.is_error:
            raise OrderError(data["type"], data["message"])
        return data


@lru_cache
def client(base_url, api_key, api_version):
    return OrderClient(base_url, api_key, api_version)


def place_order(order, context):
    return client(context.base_url, context.api_key, context.api_version).create(order)
