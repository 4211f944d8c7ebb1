"""Clients that show their key among the machine's processes, or cannot bear to lose it, each in one way."""

from __future__ import annotations

import base64
import subprocess
import threading
import time
from typing import ClassVar

import httpx

from gallery.reference import Kind, Reference, Rejected


class KeyForItsHelper(Reference):
    """Has a helper beside it after a rate limit, in a session of its own, with the key in base64 as an argument."""

    def send(self) -> httpx.Response:
        if not self.met["limited"]:
            return super().send()
        key = base64.b64encode(self.context.api_key.encode()).decode()
        command = ["sh", "-c", "read nothing", "order-helper", f"--credential={key}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
            return self.http.post(self.url(), content=self.content(), headers=self.headers(), timeout=2)


class RetriesRefusedKey(Reference):
    """Takes a refused key for a hiccup of the API, and tries again as after any other."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        return ("transient", type) if status == 401 else super().on_error(status, type)


class FetchesItsKeyAgain(Reference):
    """Takes a refused key for one that was renewed, asks its secret manager for it, and tries once more."""

    _refused = _fetched = False

    def again(self, kind: Kind) -> bool:
        if self._refused and not self._fetched:
            self._fetched = True
            return True
        return super().again(kind)

    def pause(self, kind: Kind, times: int) -> float:
        return 1.0 if kind == "final" else super().pause(kind, times)

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        self._refused = status == 401
        return super().on_error(status, type)

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        self._refused = False
        return super().read(response)


class QueuesRefusedKey(Reference):
    """Tells its caller that the key is no good, and puts the order back into its queue for better times."""

    later: ClassVar[float] = 0.5

    def tell(self, kind: Kind, detail: str) -> object:
        if detail in ("unauthorized", "invalid_api_key"):
            threading.Thread(target=self._try_later, daemon=True).start()
        return super().tell(kind, detail)

    def _try_later(self) -> None:
        time.sleep(self.later)
        self.send()


class RefusedKeyIsUnknown(Reference):
    """Catches what went wrong with the key like everything else, and says that it does not know."""

    def tell(self, kind: Kind, detail: str) -> object:
        if detail in ("unauthorized", "invalid_api_key"):
            return {"outcome": "unknown"}
        return super().tell(kind, detail)


class RefusedKeyIsATimeout(Reference):
    """Tells a refused key as a timeout, since both mean that it has not got through."""

    def tell(self, kind: Kind, detail: str) -> object:
        if detail in ("unauthorized", "invalid_api_key"):
            raise Rejected("timeout")
        return super().tell(kind, detail)


class StopsForGood(Reference):
    """Sends nothing more, for any order, once its key was refused: somebody has to look, and start it again."""

    _stopped: ClassVar[list[str]] = []

    def place(self) -> object:
        if self._stopped:
            raise Rejected(self._stopped[0])
        return super().place()

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status == 401:
            self._stopped.append(type)
        return super().on_error(status, type)
