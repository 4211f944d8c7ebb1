"""What a kind of mistake costs a client beside the check that names it: the others that may fail with it, and why.

What an exhibit itself says in `also` has to fail; these may. What must never be known here: any client.
"""

from __future__ import annotations

from collections.abc import Mapping

from gallery.catalogue.reasons import IN_PROGRESS, ONE, RECOVERED, SAME_KEY, TRANSIENT

MALFORMED = "errors.malformed-body-survived"
UNSEEN = "errors.unknown-type-by-status"
EVERY_TYPE = "errors.every-type-covered"
NO_FALSE_SUCCESS = "errors.no-false-success"
FINAL = "errors.final-not-retried"
BURST = "rate-limits.burst-drains"
LONGER = "rate-limits.waits-longer-each-time"
JITTER = "rate-limits.jitter"
RETRY_AFTER = "rate-limits.honours-retry-after"
ENVELOPE = "rate-limits.own-envelope"
LIMITED_KEY = "rate-limits.same-key"
WAITS = "rate-limits.waits-at-least"
BARE = "retries.bare-102-survived"
BOUNDED = "retries.bounded"
CORRECTED = "retries.new-key-after-final-error"
MISMATCH = "retries.key-mismatch-stops"
MONTH = "retries.key-not-reused-after-window"
NOT_REJECTED = "retries.unknown-is-not-rejected"
REPLAY = "retries.replay-accepted"
RESTART = "retries.key-survives-restart"
TIMEOUT = "retries.finite-timeout"
TWICE = "retries.concurrent-submit"
UNIQUE = "retries.key-unique-per-order"
UNGUESSABLE = "retries.key-unguessable"
NEXT = "retries.answer-belongs-to-order"
NOTICED = "versions.mismatch-noticed"
REMOVED = "versions.removed-is-final"
EVERYWHERE = "versions.same-everywhere"

# A retry is a retry, whatever came before it.
_EVERY_RETRY: Mapping[str, str] = {
    MALFORMED: "an order whose answer cannot be read is tried again too",
    UNSEEN: "an order that met an unseen server error is tried again too",
    LIMITED_KEY: "a retry after a 429 is a retry too",
    BARE: "an order that was answered by a bare 102 is tried again too",
    RESTART: "a retry after a restart is a retry too",
    REPLAY: "where nothing is retried under its key, nothing is replayed",
    TWICE: "whoever comes second makes an order of its own",
    MONTH: "what it sends after a month goes out blindly as well",
    MISMATCH: "the key that it moves to leaves the first one behind",
    RECOVERED: "the order that it reports is not the one that was booked first",
    RETRY_AFTER: "the retry after the wait is refused or another order",
    BURST: "orders that were limited are refused, or bought twice",
    WAITS: "its second request does not know of the wait of the first",
    ONE: "the retry buys the order again",
}
_GIVEN_UP: Mapping[str, str] = {
    UNSEEN: "an unseen server error is given up as well",
    REPLAY: "a replayed server error is given up as well",
    NOT_REJECTED: "what it gives up it calls rejected",
    RECOVERED: "an order that was booked unseen is given up with the others",
    TRANSIENT: "a server error is given up with the others",
    MALFORMED: "an order whose answer cannot be read is given up with the others",
    IN_PROGRESS: "an order in progress is given up with the others",
    ENVELOPE: "an order that met a 429 is given up with the others",
    RETRY_AFTER: "an order that met a 429 is given up with the others",
    BURST: "orders that were limited are given up with the others",
    SAME_KEY: "it begins anew after what it takes for an end",
    EVERY_TYPE: "one of the types is what it falls over",
    BOUNDED: "a fault that never ends leads there too",
}
_BELIEVES: Mapping[str, str] = {
    EVERY_TYPE: "one of the types leads to the same belief",
    MALFORMED: "an answer that cannot be read leads to the same belief",
    BARE: "a bare 102 leads to the same belief",
    BOUNDED: "a fault that never ends leads to the same belief",
    RECOVERED: "a lost answer leads to the same belief",
    TRANSIENT: "a server error leads to the same belief",
    IN_PROGRESS: "an original in progress leads to the same belief",
    NO_FALSE_SUCCESS: "what it believes is not so",
    NEXT: "the answer is that of another order",
    BURST: "under a burst it takes answers that are not its own",
}
_WAITS_WRONGLY: Mapping[str, str] = {
    LONGER: "its waits are its own, and do not grow",
    JITTER: "its waits are its own, and the same for all",
    BURST: "it comes back too soon, and too often",
    BOUNDED: "it comes back too often for ever",
    RETRY_AFTER: "it has its own idea of a wait",
    TRANSIENT: "it does not wait after server errors either",
}
_BARE_BONES: Mapping[str, str] = {
    RETRY_AFTER: "it is written without the reference client's care for advice",
    NOTICED: "it is written without the reference client's care for advice",
}

CONSEQUENCES: Mapping[str, Mapping[str, str]] = {
    "retries.key-on-every-order": _EVERY_RETRY,
    SAME_KEY: _EVERY_RETRY,
    "retries.same-body-on-retry": _EVERY_RETRY,
    ONE: _EVERY_RETRY,
    LIMITED_KEY: _EVERY_RETRY,
    UNIQUE: {
        UNGUESSABLE: "what two orders can share is no random number",
        CORRECTED: "a corrected order is another order, and shares the key too",
        BURST: "orders at once share the key too",
    },
    UNGUESSABLE: {
        UNIQUE: "what it makes keys from may be the same for two orders",
        CORRECTED: "what it makes keys from is the same for the corrected order",
        BURST: "what it makes keys from is the same for orders at once",
    },
    RECOVERED: _GIVEN_UP,
    NOT_REJECTED: _GIVEN_UP,
    TRANSIENT: _GIVEN_UP,
    REPLAY: _GIVEN_UP,
    MALFORMED: _GIVEN_UP,
    ENVELOPE: _GIVEN_UP,
    NO_FALSE_SUCCESS: _BELIEVES,
    NEXT: _BELIEVES | _BARE_BONES,
    BARE: _BELIEVES | _BARE_BONES,
    "errors.tolerant-reader": _BARE_BONES,
    BOUNDED: {
        **_WAITS_WRONGLY,
        REPLAY: "a replayed server error is tried again without end too",
        NO_FALSE_SUCCESS: "what it says in the end is not so",
        RECOVERED: "what it says in the end is not so",
    },
    TIMEOUT: {
        EVERY_TYPE: "a bare 102 is waited for without end too",
        BARE: "a bare 102 is waited for without end too",
        IN_PROGRESS: "a bare 102 is waited for without end too",
        RECOVERED: "an answer that never comes is waited for without end",
    },
    IN_PROGRESS: {
        EVERY_TYPE: "being in progress is one of the types",
        BARE: "a bare 102 is an order in progress too",
        BOUNDED: "an order that is in progress for ever leads there too",
        TIMEOUT: "it waits for the answer to a 102 without end",
        TWICE: "whoever comes second is told that the first is in progress",
        NOT_REJECTED: "an order in progress exists, and it calls it rejected",
    },
    FINAL: {
        UNSEEN: "an unseen final error is tried again too",
        REPLAY: "a replayed final error is tried again too",
        REMOVED: "a version that is gone is a final error too",
    },
    REMOVED: {
        FINAL: "a version that is gone is a final error",
        UNSEEN: "it goes by the status, and an unseen type with that status is tried again too",
    },
    EVERY_TYPE: {
        REPLAY: "the type that it falls over is replayed too",
        REMOVED: "the type that it falls over is that of a version that is gone",
    },
    WAITS: _WAITS_WRONGLY,
    LONGER: _WAITS_WRONGLY,
    BURST: _WAITS_WRONGLY,
    "versions.pinned": {EVERYWHERE: "a request without a version is not in the same one"},
}
"""by the check that catches the client: the others, each with the reason"""
