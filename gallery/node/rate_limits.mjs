// Clients for Node that do not slow down when they are told to, or that trip over being told, each in one way.

import { Reference } from "./reference.mjs";

/** Backs off as retry libraries do by default: one second, then two, then four. */
export class WaitsOneSecond extends Reference {
  firstPause = { ...this.firstPause, limited: 1_000 };
}

/** Waits five seconds and a half after every 429, however many there were. */
export class WaitsTheSame extends Reference {
  pause(kind, times) {
    return kind === "limited" ? 5_500 * (1 + Math.random() / 10) : super.pause(kind, times);
  }
}

/** Takes the seconds of Retry-After for milliseconds, and a date for NaN, which setTimeout takes for 1 ms. */
export class RetryAfterInMilliseconds extends Reference {
  onRateLimit(text, headers) {
    this.asked = headers.get("retry-after");
    return { kind: "limited", type: "rate_limited" };
  }

  pause(kind, times) {
    return kind === "limited" && this.asked ? Number(this.asked) : super.pause(kind, times);
  }
}

/** Adds to its waits what Retry-After says, which for a date makes them no number at all. */
export class AddsRetryAfter extends Reference {
  askedWait(value) {
    return value === null ? 0 : 1_000 * value;
  }
}

/** Reads the type of every error, and the 429's body has none. */
export class ReadsTypeOfRateLimit extends Reference {
  onRateLimit(text) {
    return { kind: "limited", type: JSON.parse(text).type.toLowerCase() };
  }
}

/** Takes a 429 for a no, and starts over with a new key. */
export class NewKeyAfterRateLimit extends Reference {
  onRateLimit(text, headers) {
    this.key = this.newKey();
    return super.onRateLimit(text, headers);
  }
}
