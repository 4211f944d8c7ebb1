"""Why some edits of the reference client are seen by no check: a reason for each, or a gap that we know of.

What must never be known here: anything that was not looked at by hand.
"""

from __future__ import annotations

HANDS_BACK = "right: it hands the order back after one attempt, and goes on when it is asked again"
SLOWER = "right: it waits longer, and still comes to an end"
NOTHING = "nothing changes: "
LAST_WORD = (
    "right enough: a final error under the same key is taken for the API's last word on the order, also after a lost "
    "answer"
)

NEVER_REJECTED = (
    "bearable: it says unknown where it knows better, but tells the type, and sends nothing again"
)

REASONS: dict[str, str] = {
    "attempts: 8 becomes 0.8": HANDS_BACK,
    "once: 1 becomes 10": HANDS_BACK,
    "first_pause: 1 becomes 0.1": "right: after a lost answer nobody asks for a pause",
    "first_pause: 1 becomes 0.1 (2)": "right: after a server error a tenth of a second is enough",
    "first_pause: 3 becomes 30": SLOWER,
    "first_pause: 5 becomes 50": SLOWER,
    "pause: 60 becomes 600": SLOWER,
    "once: 1 becomes 10 (2)": SLOWER,
    "__init__: without self.asked_wait = 0.0": NOTHING + "each attempt sets it before it is read",
    "place: if self.expired becomes if False": "what becomes of old keys is advice, and the advice is given",
    "place: raise Unknown becomes raise Rejected": "a gap: what a client says of an order that it will not send again, "
    "since its key is too old, is judged by nobody",
    "once: except httpx.TransportError becomes except httpx.TimeoutException": "right: what it does not catch reaches "
    "the caller as an error of the transport, which says unknown; asked again, it goes on",
    "once: self.in_doubt or kind in ('lost', 'transient', 'in-progress') without kind in ('lost', 'transient', "
    "'in-progress')": LAST_WORD,
    "once: transient becomes in-progress": LAST_WORD,
    "tell: if kind in ('final', 'mismatch') and (not self.in_doubt) becomes if False": NEVER_REJECTED,
    "tell: kind in ('final', 'mismatch') becomes kind not in ('final', 'mismatch')": NEVER_REJECTED,
    "headers: without 'Content-Type'": "a gap: no requirement names it, and the sandbox takes any body for JSON",
    "read: except ValueError becomes except Exception": NOTHING + "reading JSON raises no other error",
    "tell: mismatch becomes transient": "right: after a refused key rejected and unknown are both true",
    "look_at_version: version and version != self.context.api_version without version": "right: it also warns when an "
    "answer names no version",
    "look_at_version: version and version != self.context.api_version without version != self.context.api_version": (
        "by the letter it is right: it writes down each answer's version, so another one is told too"
    ),
    "on_no_json: final becomes transient": "right: a 4xx that nobody can read may be tried again, and ends as unknown",
    "retry_after: except ValueError becomes except Exception": NOTHING
    + "reading a date raises no other error",
    "retry_after: if text.isdecimal() becomes if False": "what a 429 asks for is advice, and the advice is given",
    "on_no_json: final becomes lost": "right: a 4xx that nobody can read may be tried again, and ends as unknown",
    "on_error: if status < 400 becomes if False": "right: a redirect is taken for a refusal, and nothing was booked",
    "on_error: mismatch becomes final": NOTHING + "neither is sent again, and the caller is told the same",
    "on_error: lost becomes transient": NOTHING + "both are tried again after the same pause",
    "remember: if not path.exists() becomes if True": NOTHING
    + "a record that is there cannot be claimed again",
    "claim: without draft.unlink()": "right: it leaves a draft behind beside the record, and never reads it",
}
