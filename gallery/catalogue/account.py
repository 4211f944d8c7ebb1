"""Clients of `gallery/account.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, badly_configured, broken

EXHIBITS: tuple[Exhibit, ...] = (
    broken(
        "account.KeyInQuery",
        "account.key-in-header-only",
        {"account.key-not-logged": "its HTTP library logs every URL"},
    ),
    broken("account.KeyAsBasicAuth", "account.key-in-header-only"),
    broken("account.KeyInRetryHeader", "account.key-in-header-only"),
    broken("account.KeyInPieces", "account.key-in-header-only"),
    broken("account.KeyInTrailer", "account.key-in-header-only"),
    broken("account.LogsHeaders", "account.key-not-logged"),
    broken("account.LogsHeadersOfFailures", "account.key-not-logged"),
    broken("account.LogsInvalidOrders", "account.key-not-logged"),
    broken("account.PrintsSettings", "account.key-not-logged"),
    broken("account.PrintsFirstRequest", "account.key-not-logged"),
    broken("account.KeyInException", "account.key-not-logged"),
    broken("account.KeyInStateFile", "account.key-not-logged"),
    badly_configured(
        "AllowsEverybody",
        "Its allowlist lets the whole internet use the key.",
        "account.ip-allowlist-sane",
        account={"ip_allowlist": ["0.0.0.0/0"]},
    ),
    badly_configured(
        "AllowsItsOffice",
        "Its allowlist holds a private range, from which nothing ever reaches the API.",
        "account.ip-allowlist-sane",
        account={"ip_allowlist": ["10.0.0.0/24"]},
    ),
    badly_configured(
        "HasNoAllowlist",
        "It goes live with a key that works from everywhere.",
        "account.ip-allowlist-sane",
        account={"keys": {"production": {"env": "ACME_PRODUCTION_KEY"}}},
    ),
)
