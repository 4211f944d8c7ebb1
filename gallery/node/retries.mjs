// Clients for Node whose retries are not safe, each in one way.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Reference } from "./reference.mjs";

/** Makes the key in the function that sends. */
export class NewKeyPerAttempt extends Reference {
  keyNow() {
    return this.newKey();
  }
}

/** Derives the key from the order's content, so that two customers who order alike share one. */
export class KeyFromContent extends Reference {
  newKey() {
    return createHash("sha256").update(JSON.stringify(this.order)).digest("hex");
  }
}

/** Takes Date.now() for a key. */
export class KeyFromClock extends Reference {
  newKey() {
    return `order-${Date.now()}`;
  }
}

/** Makes its key of Math.random() and cuts it to eight characters. */
export class ShortKey extends Reference {
  newKey() {
    return Math.random().toString(16).slice(2, 10).padEnd(8, "0");
  }
}

/** Keeps its keys in a Map, and so forgets them whenever the process ends. */
export class KeyInMemory extends Reference {
  static kept = new Map();

  async remember() {
    const known = KeyInMemory.kept.get(this.reference);
    const state = known ?? { key: this.newKey(), body: JSON.stringify(this.order) };
    KeyInMemory.kept.set(this.reference, state);
    return { ...state, inDoubt: Boolean(known) };
  }

  forget() {
    KeyInMemory.kept.delete(this.reference);
  }
}

/** Writes its key down when it has an answer, which is too late for whoever starts it again. */
export class KeyWrittenLate extends Reference {
  async remember() {
    const known = existsSync(this.record());
    const fresh = { key: this.newKey(), body: JSON.stringify(this.order) };
    return { ...(known ? JSON.parse(readFileSync(this.record(), "utf8")) : fresh), inDoubt: known };
  }

  async once() {
    const answer = await super.once();
    await writeFile(this.record(), JSON.stringify({ key: this.key, body: this.body }));
    return answer;
  }
}

/** Looks whether there is a key, and writes one if not, with an await between the two. */
export class ChecksThenWrites extends Reference {
  async remember() {
    try {
      return { ...JSON.parse(await readFile(this.record(), "utf8")), inDoubt: true };
    } catch {
      const fresh = { key: this.newKey(), body: JSON.stringify(this.order) };
      await writeFile(this.record(), JSON.stringify(fresh));
      return { ...fresh, inDoubt: false };
    }
  }
}

/** Serialises the order anew for each attempt, with the time of sending in its metadata. */
export class TimeInBody extends Reference {
  content() {
    return JSON.stringify({ ...this.order, metadata: { sent_at: new Date().toISOString() } });
  }
}

/** Tells its caller that the order failed when fetch throws. */
export class LostIsRejected extends Reference {
  async tell(answer) {
    return answer.type === "no_answer" ? { outcome: "rejected", type: "fetch_failed" } : super.tell(answer);
  }

  again(kind) {
    return kind !== "lost" && super.again(kind);
  }
}

/** Has no case for the in-progress answer, which is an error like any other 400. */
export class InProgressIsRejected extends Reference {
  async tell(answer) {
    return answer.kind === "in-progress" ? { outcome: "rejected", type: answer.type } : super.tell(answer);
  }

  again(kind) {
    return kind !== "in-progress" && super.again(kind);
  }
}

/** Asks again half a second after it was told that the original is in progress. */
export class HurriesInProgress extends Reference {
  firstPause = { ...this.firstPause, "in-progress": 500 };
}

/** Takes a new key when the old one is refused, although the first attempt may have been booked. */
export class NewKeyAfterMismatch extends Reference {
  onError(status, answer) {
    const read = super.onError(status, answer);
    if (read.kind !== "mismatch") return read;
    this.key = this.newKey();
    return { ...read, kind: "transient" };
  }
}

/** Keeps the key of an order that was refused, and sends the corrected order under it. */
export class KeepsKeyOfRefusedOrder extends Reference {
  async remember() {
    return { ...(await super.remember()), body: JSON.stringify(this.order) };
  }

  forget() {}
}

/** Retries for ever, every half a minute at last: its caller never hears of the order again. */
export class NeverGivesUp extends Reference {
  attempts = Infinity;
  longestPause = 30_000;
}

/** Tries two hundred times, a tenth of a second apart, whatever goes wrong. */
export class Storms extends Reference {
  attempts = 200;

  pause(kind) {
    return kind === "limited" ? 6_000 : 100;
  }
}

/** Uses node:http, which waits for an answer as long as the connection stands, and sets no time-out. */
export class NoTimeout extends Reference {
  exchange(url, { body, ...request }) {
    return new Promise((resolve) => {
      const onAnswer = (response) => {
        let text = "";
        response.on("data", (part) => (text += part));
        response.on("end", () => resolve({ status: response.statusCode, headers: new Headers(), text }));
        response.on("error", (error) => resolve({ error }));
      };
      http.request(url, request, onAnswer).on("error", (error) => resolve({ error })).end(body);
    });
  }
}

/** Sends the order a second time, under another key, when the first answer takes longer than two seconds. */
export class Hedges extends Reference {
  async send() {
    const first = super.send();
    if (await Promise.race([first, sleep(2_000, null)])) return first;
    this.key = this.newKey();
    return Promise.race([first, super.send()]);
  }
}
