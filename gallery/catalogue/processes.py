"""Clients of `gallery/processes.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

RETRIED = {"errors.final-not-retried": "a key may be refused without having been revoked"}
UNTOLD = {"errors.type-surfaced": "two of the contract's types are about the key"}

EXHIBITS: tuple[Exhibit, ...] = (
    broken("processes.KeyForItsHelper", "account.key-not-in-process-list"),
    broken("processes.RetriesRefusedKey", "account.revoked-key-stops", RETRIED),
    broken("processes.FetchesItsKeyAgain", "account.revoked-key-stops", RETRIED),
    broken("processes.QueuesRefusedKey", "account.revoked-key-stops", RETRIED),
    broken("processes.RefusedKeyIsUnknown", "account.revoked-key-stops", UNTOLD),
    broken("processes.RefusedKeyIsATimeout", "account.revoked-key-stops", UNTOLD),
)

CORRECT: tuple[Exhibit, ...] = (
    Exhibit(
        "gallery.processes:StopsForGood.place_order",
        # Where several orders meet refused keys in a row, it does not send the second: that is not tested then.
        select=("account.revoked-key-stops", "errors.final-not-retried", "errors.transient-retried"),
    ),
)
