// A correct client for Node, taken apart into steps, so that another client can be wrong in exactly one of them.
//
// What lives here: the steps, and the right way to take each. It behaves as `examples/node-worker/worker.mjs` does.
// What must never be known here: any way of being wrong, and any check.

import { createHash, randomUUID } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const KEY_LIFETIME = 29 * 24 * 3_600_000; // ms; the API forgets a key after 30 days, and would then buy again

/** One call: `placeOrder` is what the worker is given. Everything else is a step that may be overridden. */
export class Reference {
  attempts = 8;
  timeout = 10_000; // ms, for a whole answer
  firstPause = { lost: 1_000, transient: 1_000, "in-progress": 3_000, limited: 5_000 }; // ms
  longestPause = 60_000;

  constructor(order, reference, settings) {
    this.order = order;
    this.reference = reference;
    this.settings = settings;
    this.attempt = 0;
    this.met = {};
  }

  /** Settings are `baseUrl`, `apiKey`, `apiVersion` and `stateDir`. */
  static async placeOrder(order, reference, settings) {
    return new this(order, reference, settings).place();
  }

  async place() {
    Object.assign(this, await this.remember());
    if (Date.now() - this.since > KEY_LIFETIME) return { outcome: "unknown", type: "too_old" };
    let answer = await this.once();
    while (this.again(answer.kind)) {
      await sleep(Math.max(this.pause(answer.kind, this.met[answer.kind]), answer.asked ?? 0));
      answer = await this.once();
    }
    return this.tell(answer);
  }

  /** One attempt: what kind of answer came, and what it names, an order's id or an error's type. */
  async once() {
    this.attempt += 1;
    const response = await this.send();
    const answer = response.error ? this.onNoAnswer(response.error) : this.read(response);
    this.met[answer.kind] = (this.met[answer.kind] ?? 0) + 1;
    this.inDoubt ||= ["lost", "transient", "in-progress"].includes(answer.kind);
    return answer;
  }

  again(kind) {
    return !["created", "final", "mismatch"].includes(kind) && this.attempt < this.attempts;
  }

  /** Milliseconds after that kind of answer came for the so-manieth time; the jitter only ever adds. */
  pause(kind, times) {
    return Math.min(this.firstPause[kind] * 2 ** (times - 1), this.longestPause) * (1 + Math.random() / 10);
  }

  async tell({ kind, id, type }) {
    if (kind === "created") return this.created(id);
    if ((kind === "final" || kind === "mismatch") && !this.inDoubt) {
      this.forget();
      return { outcome: "rejected", type };
    }
    return { outcome: "unknown", type };
  }

  async created(id) {
    return { outcome: "created", order_id: id };
  }

  // One request.

  async send() {
    const request = { method: "POST", headers: this.headers(), body: this.content() };
    return this.exchange(`${this.settings.baseUrl}/order`, request);
  }

  /** Status, headers and text of the answer, or the error for which there is none. */
  async exchange(url, request) {
    try {
      const response = await fetch(url, { redirect: "manual", signal: this.patience(), ...request });
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      return { error };
    }
  }

  patience() {
    return AbortSignal.timeout(this.timeout);
  }

  headers() {
    return {
      "X-Api-Key": this.settings.apiKey,
      "X-Api-Version": this.settings.apiVersion,
      "X-Idempotency-Key": this.keyNow(),
      "Content-Type": "application/json",
    };
  }

  keyNow() {
    return this.key;
  }

  content() {
    return this.body;
  }

  // Reading the answer.

  onNoAnswer(error) {
    return { kind: "lost", type: "no_answer" };
  }

  read({ status, headers, text }) {
    const answered = headers.get("X-Api-Version") ?? this.settings.apiVersion;
    if (answered !== this.settings.apiVersion) console.error(`answered in API version ${answered}`);
    if (status === 429) return this.onRateLimit(text, headers);
    const answer = this.parse(text);
    if (answer === null || typeof answer !== "object") return this.onNoJson(status);
    if (status >= 200 && status < 300) return this.onSuccess(answer);
    return this.onError(status, answer);
  }

  parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null; // an answer, but no JSON
    }
  }

  onRateLimit(text, headers) {
    return { kind: "limited", type: "rate_limited", asked: this.askedWait(headers.get("retry-after")) };
  }

  /** Milliseconds that a Retry-After header asks for: seconds, or a date; 0 if it makes no sense. */
  askedWait(value) {
    const seconds = Number(value ?? NaN);
    return Math.max(0, (Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1_000) || 0);
  }

  /** An answer that only its status can tell anything about. */
  onNoJson(status) {
    return { kind: status >= 400 && status < 500 ? "final" : "lost", type: `http_${status}` };
  }

  onSuccess(answer) {
    if (typeof answer.id !== "string") return { kind: "lost", type: "no_id" };
    return { kind: "created", id: answer.id };
  }

  onError(status, answer) {
    const type = typeof answer.type === "string" ? answer.type : `http_${status}`;
    if (type === "idempotency_in_progress" || status < 200) return { kind: "in-progress", type };
    if (type === "idempotency_validation_error") return { kind: "mismatch", type };
    if (status < 400) return { kind: "lost", type };
    return { kind: status >= 500 ? "transient" : "final", type };
  }

  // What outlives the process.

  /** Key and body of this reference, on disk before the first attempt, and whether they were there. */
  async remember() {
    const fresh = { key: this.newKey(), body: JSON.stringify(this.order), since: Date.now() };
    const temporary = `${this.record()}.${randomUUID()}`;
    writeFileSync(temporary, JSON.stringify(fresh));
    try {
      linkSync(temporary, this.record()); // whole or not at all, and only if it is the first
      return { ...fresh, inDoubt: false };
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      return { ...JSON.parse(readFileSync(this.record(), "utf8")), inDoubt: true };
    } finally {
      rmSync(temporary);
    }
  }

  newKey() {
    return randomUUID();
  }

  forget() {
    rmSync(this.record(), { force: true });
  }

  record() {
    return join(this.settings.stateDir, `${createHash("sha256").update(this.reference).digest("hex")}.json`);
  }
}
