"""Clients of `gallery/versions.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, badly_configured, broken

EXHIBITS: tuple[Exhibit, ...] = (
    broken("versions.NoVersion", "versions.pinned"),
    broken("versions.VersionOnFirstAttempt", "versions.pinned"),
    broken(
        "versions.LatestVersion",
        "versions.pinned",
        {"versions.supported": "no version has that name"},
    ),
    broken(
        "versions.LooksUpWithoutVersion",
        "versions.same-everywhere",
        {"versions.pinned": "the look-up names no version"},
    ),
    broken("versions.RetriesGone", "versions.removed-is-final"),
    broken("versions.BadVersionIsUndecided", "versions.removed-is-final"),
    broken("versions.NeverLooksAtVersions", "versions.mismatch-noticed"),
    badly_configured(
        "RemovedVersion",
        "It pins a version that the API has removed.",
        "versions.supported",
        api_version="2023-07-27",
    ),
    badly_configured(
        "UnknownVersion",
        "It pins a version that the API never had.",
        "versions.supported",
        api_version="2024-12-31",
    ),
)
