// Places one gift card order so that it is never bought twice. Copy it, and make it yours.
//
// Reads {"reference", "order"} from standard input; the last line that it prints is the outcome.

import { createHash, randomUUID } from "node:crypto";
import { linkSync, openSync, fsyncSync, closeSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

const ATTEMPTS = 8;
const TIMEOUT = 10_000; // ms
const FIRST_PAUSE = { lost: 1_000, "in-progress": 3_000, limited: 5_000 }; // ms; doubled each time it comes again
const LONGEST_PAUSE = 60_000;
const API_VERSION = "2024-02-05";
const KEY_LIFETIME = 29 * 24 * 3_600_000; // the API forgets a key after 30 days, and would then buy again

const { RUNA_BASE_URL: baseUrl, RUNA_API_KEY: apiKey } = process.env;
const stateDir = process.env.GOLIVE_STATE_DIR ?? ".";

/** A reference is one order for ever: over retries, restarts, and however often this is run with it. */
async function placeOrder(reference, order) {
  const { stored, known } = remember(reference, order);
  if (Date.now() - stored.since > KEY_LIFETIME) return { outcome: "unknown", type: "too old to be sent again" };
  let inDoubt = known;
  let last;
  const met = {};
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    last = await send(stored.key, stored.body);
    if (last.kind === "created") return { outcome: "created", order_id: last.id, status: last.status };
    if (last.kind === "final") {
      // This attempt was refused, but an earlier one may have gone through.
      if (inDoubt) return { outcome: "unknown", type: last.type };
      forget(reference);
      return { outcome: "rejected", type: last.type };
    }
    met[last.kind] = (met[last.kind] ?? 0) + 1;
    inDoubt ||= last.kind !== "limited";
    if (attempt < ATTEMPTS) await sleep(Math.max(last.asked ?? 0, pause(last.kind, met[last.kind])));
  }
  return { outcome: "unknown", type: last.type };
}

/** One attempt: what kind of answer came, and what it says. */
async function send(key, body) {
  let status, headers, answer;
  try {
    const response = await fetch(`${baseUrl}/order`, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT),
      headers: {
        "X-Api-Key": apiKey,
        "X-Api-Version": API_VERSION,
        "X-Idempotency-Key": key,
        "Content-Type": "application/json",
      },
      body,
    });
    ({ status, headers } = response);
    answer = parse(await response.text());
  } catch {
    return { kind: "lost", type: "no answer" };
  }
  const version = headers.get("X-Api-Version") ?? API_VERSION;
  if (version !== API_VERSION) console.error(`another API version answered: ${version}`);
  if (status === 429) return { kind: "limited", type: "rate limited", asked: askedWait(headers.get("Retry-After")) };
  const type = typeof answer?.type === "string" ? answer.type : `http_${status}`;
  if (type === "idempotency_in_progress" || status < 200) return { kind: "in-progress", type };
  if (status < 300 && typeof answer?.id === "string") return { kind: "created", id: answer.id, status: answer.status };
  if (status >= 400 && status < 500) return { kind: "final", type };
  return { kind: "lost", type };
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null; // an answer, but no JSON
  }
}

/** Milliseconds that a Retry-After header asks for, in seconds or as a date; 0 if it asks for nothing. */
function askedWait(header) {
  const wait = /^[0-9]+$/.test(header ?? "") ? header * 1_000 : Date.parse(header) - Date.now();
  return wait > 0 ? wait : 0; // NaN is not
}

/** Milliseconds to wait after the same kind of answer came that many times; the jitter only ever adds. */
function pause(kind, times) {
  return Math.min(FIRST_PAUSE[kind] * 2 ** (times - 1), LONGEST_PAUSE) * (1 + Math.random() / 5);
}

/** Key and body for this reference, on disk before the first attempt, and whether they were there already. */
function remember(reference, order) {
  const stored = { key: randomUUID(), body: JSON.stringify(order), since: Date.now() };
  const temporary = join(stateDir, `${stored.key}.tmp`);
  const file = openSync(temporary, "wx");
  writeSync(file, JSON.stringify(stored));
  fsyncSync(file);
  closeSync(file);
  try {
    linkSync(temporary, record(reference)); // whole or not at all, and only if it is the first
    return { stored, known: false };
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return { stored: JSON.parse(readFileSync(record(reference), "utf8")), known: true };
  } finally {
    unlinkSync(temporary);
  }
}

/** After a final error a corrected order has to go out under a new key. */
function forget(reference) {
  unlinkSync(record(reference));
}

function record(reference) {
  return join(stateDir, `${createHash("sha256").update(reference).digest("hex")}.json`);
}

const { reference, order } = JSON.parse(await text(process.stdin));
const outcome = await placeOrder(reference, order);
// Open sockets would keep the process alive for a while; the caller has its answer.
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
