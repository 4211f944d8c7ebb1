"""Clients of `gallery/secrets.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

_KEY, _LINK, _RECIPIENT = (
    "account.key-not-logged",
    "account.payout-link-not-logged",
    "account.recipient-not-logged",
)

EXHIBITS: tuple[Exhibit, ...] = (
    broken("secrets.LogsHexDump", _KEY),
    broken("secrets.WrapsHeaders", _KEY),
    broken("secrets.AddsRequestToRecord", _KEY),
    broken("secrets.KeyInCause", _KEY),
    broken("secrets.KeyInFileName", _KEY),
    broken("secrets.RotatesItsLog", _KEY),
    broken("secrets.WritesLate", _KEY),
    broken("secrets.LogsAnswers", _LINK),
    broken("secrets.MailsLinks", _LINK),
    broken("secrets.LogsRecipients", _RECIPIENT),
)

CORRECT: tuple[Exhibit, ...] = (
    Exhibit(
        "gallery.secrets:Discreet.place_order",
        select=("account.key-in-header-only", _KEY, _LINK, _RECIPIENT, "orders.polling-is-gentle"),
    ),
)
