"""Clients of `gallery/answers.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

_ITS_OWN = "retries.answer-belongs-to-order"
_REPLAY = "retries.replay-accepted"
_BARE = "retries.bare-102-survived"
_REJECTED = "retries.unknown-is-not-rejected"

EXHIBITS: tuple[Exhibit, ...] = (
    broken("answers.InterimIsAnswer", _ITS_OWN),
    broken("answers.GoesOnAfterTimeout", _ITS_OWN),
    broken("answers.SharesItsRefusal", _ITS_OWN),
    broken("answers.ReplayIsDuplicate", _REPLAY, {_REJECTED: "the order that it calls failed exists"}),
    broken("answers.NewKeyAfterStoredError", _REPLAY),
    broken("answers.StoredErrorIsRejected", _REPLAY, {_REJECTED: "a server error says nothing for sure"}),
    broken("answers.KeepsRefusalToItself", _REPLAY),
    broken("answers.InterimIsSuccess", _BARE),
    broken("answers.InterimIsNoJson", _BARE),
    broken("answers.TiredIsRejected", _REJECTED, {_REPLAY: "a stored server error tires it as well"}),
    broken("answers.BadGatewayIsRejected", _REJECTED),
)
