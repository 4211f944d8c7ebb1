// A pool of undici's, with p-retry around it: each failure is an error that says whether to go on.

import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pRetry, { AbortError } from "p-retry";
import { Agent, request } from "undici";

const dispatcher = new Agent({ connections: 8, headersTimeout: 15_000, bodyTimeout: 15_000 });

class Refused extends Error {}
class RateLimited extends Error {
  constructor(retryAfter = "") {
    super("rate_limited");
    this.asked = retryAfter * 1_000 || new Date(retryAfter) - Date.now() || 0; // ms; seconds, or a date
  }
}
class InProgress extends Error {}
class Undecided extends Error {}

export async function placeOrder(order, reference, settings) {
  const stored = remember(join(settings.stateDir, `${reference}.json`), order);
  try {
    const id = await pRetry(() => post(stored, settings), {
      retries: 6,
      minTimeout: 500,
      maxTimeout: 20_000,
      randomize: true,
      // p-retry waits by itself as well; these have to wait longer.
      onFailedAttempt: async ({ error, attemptNumber }) => {
        const longer = 5_000 * 1.6 ** (attemptNumber - 1) + Math.random() * 700;
        if (error instanceof RateLimited) await sleep(Math.max(longer, error.asked));
        if (error instanceof InProgress) await sleep(2_500);
      },
    });
    return { outcome: "created", order_id: id };
  } catch (error) {
    return { outcome: error instanceof Refused ? "rejected" : "unknown", type: error.message };
  }
}

function remember(file, order) {
  try {
    const fresh = JSON.stringify({ key: randomUUID(), body: JSON.stringify(order) });
    writeFileSync(file, fresh, { flag: "wx" });
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  return JSON.parse(readFileSync(file, "utf8"));
}

async function post({ key, body }, { baseUrl, apiKey, apiVersion }) {
  const headers = {
    "X-Api-Key": apiKey,
    "X-Api-Version": apiVersion,
    "X-Idempotency-Key": key,
    "Content-Type": "application/json",
  };
  let status, asked, answer;
  try {
    const response = await request(`${baseUrl}/order`, { method: "POST", headers, body, dispatcher });
    status = response.statusCode;
    if (response.headers["x-api-version"] !== apiVersion) console.error(`answered in API version ${response.headers["x-api-version"]}`);
    asked = response.headers["retry-after"];
    answer = Object(JSON.parse(await response.body.text()));
  } catch (error) {
    if (status === 429) throw new RateLimited(asked);
    if (status >= 400 && status < 500) throw new AbortError(new Refused(`http_${status}`));
    throw new Undecided(error.code ?? error.name);
  }
  if (status === 429) throw new RateLimited(asked);
  if (status < 300 && answer.id) return answer.id;
  if (answer.type === "idempotency_in_progress") throw new InProgress(answer.type);
  if (status >= 400 && status < 500) throw new AbortError(new Refused(answer.type));
  throw new Undecided(answer.type ?? `http_${status}`);
}
