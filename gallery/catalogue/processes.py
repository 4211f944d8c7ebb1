"""Clients of `gallery/processes.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

EXHIBITS: tuple[Exhibit, ...] = (
    broken("processes.KeyForItsHelper", "account.key-not-in-process-list"),
    broken("processes.RetriesRefusedKey", "account.revoked-key-stops"),
    broken("processes.FetchesItsKeyAgain", "account.revoked-key-stops"),
    broken("processes.QueuesRefusedKey", "account.revoked-key-stops"),
    broken("processes.RefusedKeyIsUnknown", "account.revoked-key-stops"),
    broken("processes.RefusedKeyIsATimeout", "account.revoked-key-stops"),
)
