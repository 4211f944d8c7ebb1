// A loop with full jitter above the shortest wait that is allowed, and an error class for each way to end.

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

class Refused extends Error {}
class Retryable extends Error {
  constructor(message, atLeast) {
    super(message);
    this.atLeast = atLeast; // ms
  }
}

const jittered = (atLeast, attempt) => atLeast * 1.7 ** attempt + Math.random() * 1_000 * 2 ** attempt;

export async function placeOrder(order, reference, settings) {
  const file = join(settings.stateDir, `${reference}.order`);
  const asked = existsSync(file);
  if (!asked) {
    writeFileSync(`${file}.new`, JSON.stringify({ key: randomUUID(), body: JSON.stringify(order) }));
    renameSync(`${file}.new`, file);
  }
  const stored = JSON.parse(readFileSync(file, "utf8"));
  let open = asked; // may an earlier attempt have gone through?
  let why;
  for (let attempt = 0; attempt < 7; attempt++) {
    try {
      return { outcome: "created", order_id: await post(stored, settings) };
    } catch (error) {
      if (error instanceof Refused) {
        if (open) return { outcome: "unknown", type: error.message };
        rmSync(file);
        return { outcome: "rejected", type: error.message };
      }
      if (!(error instanceof Retryable)) throw error;
      why = error.message;
      open ||= why !== "rate_limited";
      await sleep(jittered(error.atLeast, attempt));
    }
  }
  return { outcome: "unknown", type: why };
}

/** Milliseconds that a Retry-After header asks for: seconds, or a date. */
function askedWait(value) {
  if (value === null) return 0;
  return /^\d+$/.test(value) ? 1_000 * value : new Date(value) - Date.now() || 0;
}

async function post({ key, body }, { baseUrl, apiKey, apiVersion }) {
  const headers = new Headers({ "x-api-key": apiKey, "x-api-version": apiVersion, "x-idempotency-key": key });
  headers.set("content-type", "application/json; charset=utf-8");
  const signal = AbortSignal.timeout(15_000);
  const lost = (error) => {
    throw new Retryable(error.name, 500);
  };
  const options = { method: "POST", headers, body, signal, redirect: "manual" };
  const response = await fetch(`${baseUrl}/order`, options).catch(lost);
  if (response.headers.get("x-api-version") !== apiVersion) console.error(`answered in API version ${response.headers.get("x-api-version")}`);
  if (response.status === 429) {
    response.body?.cancel().catch(() => {}); // nobody will read it
    throw new Retryable("rate_limited", Math.max(5_200, askedWait(response.headers.get("retry-after"))));
  }
  const text = await response.text().catch(lost);
  let answer = {};
  try {
    answer = JSON.parse(text) ?? {};
  } catch {
    // A status without a body that can be read is judged as a status.
  }
  if (response.ok && typeof answer.id === "string") return answer.id;
  const type = answer.type ?? `http_${response.status}`;
  if (type === "idempotency_in_progress") throw new Retryable(type, 2_500);
  if (response.status >= 400 && response.status < 500) throw new Refused(type);
  throw new Retryable(type, 500);
}
