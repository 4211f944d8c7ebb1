// Looks into the list of orders, by a name of its own, before it sends an undecided order again.

import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export async function placeOrder(order, reference, settings) {
  const { intent, fresh } = remember(join(settings.stateDir, `${reference}.json`), order);
  const { description } = JSON.parse(intent.body);
  for (let attempt = 0; attempt < 6; attempt++) {
    const found = attempt || !fresh ? await find(description, settings) : undefined;
    if (found) return { outcome: "created", order_id: found.id, status: found.status };
    const { outcome, wait } = await post(intent, settings);
    if (outcome) return outcome;
    await sleep(wait * 2 ** attempt * (1 + Math.random() / 5));
  }
  return { outcome: "unknown", type: description };
}

function remember(file, order) {
  const key = randomUUID();
  const intent = { key, body: JSON.stringify({ ...order, description: `order ${key.slice(0, 8)}` }) };
  try {
    writeFileSync(file, JSON.stringify(intent), { flag: "wx" });
    return { intent, fresh: true };
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return { intent: JSON.parse(readFileSync(file, "utf8")), fresh: false };
  }
}

/** Status and JSON of an answer; nothing if there was none, or no JSON. */
async function call(path, { baseUrl, apiKey, apiVersion }, options = {}) {
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      redirect: "manual",
      signal: AbortSignal.timeout(20_000),
      ...options,
      headers: { "X-Api-Key": apiKey, "X-Api-Version": apiVersion, ...options.headers },
    });
    if (response.headers.get("x-api-version") !== apiVersion) console.error(`answered in API version ${response.headers.get("x-api-version")}`);
    if (response.status === 429) return { status: 429, asked: response.headers.get("retry-after") };
    return { status: response.status, answer: (await response.json()) ?? undefined };
  } catch {
    return {};
  }
}

/** What came of it, or the milliseconds to wait first. */
async function post({ key, body }, settings) {
  const headers = { "X-Idempotency-Key": key, "Content-Type": "application/json" };
  const { status, answer, asked } = await call("/order", settings, { method: "POST", headers, body });
  if (status === 429) return { wait: Math.max(5_000, asked * 1_000 || Date.parse(asked) - Date.now() || 0) };
  if (!answer) return { wait: 1_000 };
  if (status === 200 || status === 202) {
    if (!answer.id) return { wait: 1_000 };
    return { outcome: { outcome: "created", order_id: answer.id, status: answer.status } };
  }
  if (answer.type === "idempotency_in_progress" || status < 400 || status >= 500) return { wait: 3_000 };
  return { outcome: { outcome: "rejected", type: answer.type } };
}

/** The order of that name among the latest, if the list can be had. */
async function find(description, settings) {
  const { answer } = await call("/order?limit=50", settings);
  return Array.isArray(answer?.items) ? answer.items.find((each) => each.description === description) : undefined;
}
