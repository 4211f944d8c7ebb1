"""Clients that do not say which version of the API they speak, or do not hear which one speaks to them."""

from __future__ import annotations

import httpx

from gallery.reference import Kind, Reference


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


class LooksUpWithoutVersion(Reference):
    """Asks what became of its order without saying in which version."""

    def created(self, order_id: str) -> object:
        answer = self.http.get(
            f"{self.context.base_url}/order/{order_id}", headers={"X-Api-Key": self.context.api_key}
        )
        return {"outcome": "created", "order_id": order_id, "status": answer.json()["status"]}


class RetriesGone(Reference):
    """Takes 410 for something that passes."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        return ("transient", type) if status == 410 else super().on_error(status, type)


class BadVersionIsUndecided(Reference):
    """Knows the errors about orders, and leaves every other one open without a word."""

    def tell(self, kind: Kind, detail: str) -> object:
        if detail == "invalid_version":
            return {"outcome": "unknown"}
        return super().tell(kind, detail)


class NeverLooksAtVersions(Reference):
    """Reads the body of an answer, and none of its headers."""

    def look_at_version(self, response: httpx.Response) -> None:
        pass
