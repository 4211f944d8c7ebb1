// Clients for Node that take an answer for something that it is not, each in one way.

import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Reference } from "./reference.mjs";

/** Looks at response.ok alone, and reports whatever id there is, even if there is none. */
export class OkIsCreated extends Reference {
  read({ status, headers, text }) {
    if (status >= 300) return super.read({ status, headers, text });
    return { kind: "created", id: String(this.parse(text)?.id) };
  }
}

/** Swallows what fetch throws, and goes on as if the order had been placed. */
export class SwallowsExceptions extends Reference {
  onNoAnswer() {
    return { kind: "created", id: this.reference };
  }
}

/** Keeps the latest answer where all calls can reach it, and so mixes up those that come together. */
export class SharesItsAnswer extends Reference {
  static latest;

  async place() {
    SharesItsAnswer.latest = await super.place();
    await sleep(300);
    return SharesItsAnswer.latest;
  }
}

/** Retries whatever is not ok, 4xx included. */
export class RetriesFinal extends Reference {
  onError(status, answer) {
    const read = super.onError(status, answer);
    return read.kind === "final" ? { ...read, kind: "transient" } : read;
  }
}

/** Takes every server error for a no. */
export class ServerErrorIsRejected extends Reference {
  onError(status, answer) {
    const read = super.onError(status, answer);
    return read.kind === "transient" ? { ...read, kind: "final" } : read;
  }

  async tell(answer) {
    return answer.kind === "final" ? { outcome: "rejected", type: answer.type } : super.tell(answer);
  }
}

/** Retries server errors with no pause at all. */
export class HotLoop extends Reference {
  firstPause = { ...this.firstPause, transient: 0 };
}

/** Decides by the words of the message whether an error is worth a retry. */
export class BranchesOnMessage extends Reference {
  onError(status, answer) {
    const read = super.onError(status, answer);
    const worthIt = /again|rate limit|time-?out/i.test(answer.message);
    return read.kind === "final" && worthIt ? { ...read, kind: "transient" } : read;
  }
}

/** Reads the type from the message, as far as its first colon. */
export class ExpectsAMessage extends Reference {
  onError(status, answer) {
    const [summary] = answer.message.split(":");
    return { ...super.onError(status, answer), summary };
  }
}

/** Tells the caller of every refused order the same: order_failed. */
export class OneTypeForAll extends Reference {
  onError(status, answer) {
    const read = super.onError(status, answer);
    return read.kind === "final" ? { ...read, type: "order_failed" } : read;
  }
}

/** Retries every type that is not in its table, as one of them might be transient. */
export class RetriesUnknownTypes extends Reference {
  static known = new Set(
    `unauthorized invalid_api_key forbidden ordering_restricted bad_request not_found validation_error
    pagination_error invalid_version version_removed invalid_execution_mode insecure_protocol insufficient_funds
    product_validation_error currency_mismatch payment_method_unavailable invalid_card_id currency_not_supported
    `.split(/\s+/),
  );

  onError(status, answer) {
    const read = super.onError(status, answer);
    return read.kind === "final" && !RetriesUnknownTypes.known.has(read.type) ? { ...read, kind: "transient" } : read;
  }
}

/** Hands every body to JSON.parse, and nobody catches what that throws. */
export class ParsesUnguarded extends Reference {
  parse(text) {
    return JSON.parse(text);
  }
}

/** Leaves the report of a refused order to a promise that nobody awaits, and whose rejection ends the process. */
export class ForgetsToAwait extends Reference {
  async tell(answer) {
    if (answer.kind === "final") {
      this.report(answer);
      await appendFile(join(this.settings.stateDir, "refused"), `${this.reference} ${answer.type}\n`);
    }
    return super.tell(answer);
  }

  onError(status, answer) {
    return { ...super.onError(status, answer), details: answer.details };
  }

  async report({ details }) {
    console.error(`refused: ${details[0].message}`);
  }
}

/** Throws away an answer that has a property which it does not know. */
export class StrictReader extends Reference {
  static known = new Set(
    `id status created_at completed_at description metadata payment_method currency total_price total_discount items
    `.split(/\s+/),
  );

  onSuccess(answer) {
    const strange = Object.keys(answer).filter((name) => !StrictReader.known.has(name));
    return strange.length ? { kind: "lost", type: `unexpected ${strange[0]}` } : super.onSuccess(answer);
  }
}

/** Takes the first property of an answer for the order's id, whatever it is called. */
export class ReadsByPosition extends Reference {
  onSuccess(answer) {
    return super.onSuccess({ id: Object.values(answer)[0] });
  }
}
