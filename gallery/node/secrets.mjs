// Clients for Node that let the API key, a payout link or a recipient out, each in one way.

import { appendFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Polling } from "./correct/polling.mjs";
import { Reference } from "./reference.mjs";

/** Prints what it sends as a buffer, byte by byte. */
export class PrintsBuffers extends Reference {
  headers() {
    const headers = super.headers();
    console.error(Buffer.from(headers["X-Api-Key"]));
    return headers;
  }
}

/** Keeps a compressed copy of each failed request in the folder for temporary files. */
export class ArchivesFailures extends Reference {
  onNoAnswer(error) {
    const failed = JSON.stringify({ error: String(error), headers: this.headers() });
    writeFileSync(join(tmpdir(), `failed-${this.reference}.json.gz`), gzipSync(failed));
    return super.onNoAnswer(error);
  }
}

/** Logs every answer as it came, with the payout links in it. */
export class LogsAnswers extends Polling {
  async exchange(url, request) {
    const answer = await super.exchange(url, request);
    appendFileSync(join(tmpdir(), "answers.log"), `${url} ${answer.text}\n`);
    return answer;
  }
}

/** Logs the order that it is handed, recipient and all. */
export class LogsOrders extends Reference {
  async send() {
    console.error("sending", JSON.stringify(this.order));
    return super.send();
  }
}
