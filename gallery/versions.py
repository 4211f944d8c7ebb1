"""Clients that do not say, or not always, which version of the API they speak."""

from __future__ import annotations

from gallery.reference import Reference


class NoVersion(Reference):
    """Leaves the choice of the version to the account."""

    def headers(self) -> dict[str, str]:
        return {name: value for name, value in super().headers().items() if name != "X-Api-Version"}


class VersionOnFirstAttempt(Reference):
    """Forgets the version header on retries."""

    def headers(self) -> dict[str, str]:
        headers = super().headers()
        if self.attempt > 1:
            del headers["X-Api-Version"]
        return headers


class LatestVersion(Reference):
    """Asks for whatever is the latest version."""

    def headers(self) -> dict[str, str]:
        return super().headers() | {"X-Api-Version": "latest"}
