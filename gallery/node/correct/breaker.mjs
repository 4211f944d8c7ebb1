// A small circuit breaker: after three failures in a row it sends nothing for half a minute.

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const FAILURES = 3;
const OPEN_FOR = 30_000; // ms

const breaker = {
  failures: 0,
  closesAt: 0,
  get open() {
    return performance.now() < this.closesAt;
  },
  note(well) {
    this.failures = well ? 0 : this.failures + 1;
    if (this.failures < FAILURES) return;
    this.failures = 0;
    this.closesAt = performance.now() + OPEN_FOR;
  },
};

export async function placeOrder(order, reference, { baseUrl, apiKey, apiVersion, stateDir }) {
  const file = join(stateDir, `${reference}.json`);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify([randomUUID(), JSON.stringify(order)]));
  const [key, body] = JSON.parse(readFileSync(file, "utf8"));
  const headers = {
    "X-Api-Key": apiKey,
    "X-Api-Version": apiVersion,
    "X-Idempotency-Key": key,
    "Content-Type": "application/json",
  };
  for (const wait of [1_000, 2_000, 4_000, 8_000]) {
    if (breaker.open) return { outcome: "unknown", type: "left alone for a while" };
    let response, answer;
    try {
      const signal = AbortSignal.timeout(20_000);
      response = await fetch(`${baseUrl}/order`, { method: "POST", headers, body, signal, redirect: "error" });
      if (response.headers.get("x-api-version") !== apiVersion) console.error(`answered in API version ${response.headers.get("x-api-version")}`);
      answer = (await response.json()) ?? {};
    } catch {
      breaker.note(false);
      await sleep(wait);
      continue;
    }
    breaker.note(response.status < 500);
    if (response.status === 429) {
      const asked = response.headers.get("Retry-After") ?? "";
      const seconds = /^\d+$/.test(asked) ? Number(asked) : (Date.parse(asked) - Date.now()) / 1_000 || 0;
      await sleep(Math.max(5 * wait, seconds * 1_000) + Math.random() * wait);
    } else if (response.ok && answer.id) {
      return { outcome: "created", order_id: String(answer.id) };
    } else if (response.status < 500 && !response.ok && answer.type !== "idempotency_in_progress") {
      return { outcome: "rejected", type: answer.type };
    } else {
      await sleep(2_000 + wait);
    }
  }
  return { outcome: "unknown", type: "no final answer" };
}
