// Hands every undecided order back to its caller at once, and goes on with it when it is asked again.

import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export async function placeOrder(order, reference, { baseUrl, apiKey, apiVersion, stateDir }) {
  const { key, body } = await intent(join(stateDir, `${encodeURIComponent(reference)}.json`), order);
  let response, answer;
  try {
    response = await fetch(`${baseUrl}/order`, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(20_000),
      headers: {
        "X-Api-Key": apiKey,
        "X-Api-Version": apiVersion,
        "X-Idempotency-Key": key,
        "Content-Type": "application/json",
      },
      body,
    });
    if (response.headers.get("x-api-version") !== apiVersion) console.error(`answered in API version ${response.headers.get("x-api-version")}`);
    if (response.status === 429) return { outcome: "rejected", type: "rate_limited" };
    answer = await response.json();
  } catch (error) {
    return { outcome: "unknown", type: error.cause?.code ?? error.name };
  }
  const { type, id, status } = Object(answer);
  if (response.ok && typeof id === "string") return { outcome: "created", order_id: id, status };
  const refused = response.status >= 400 && response.status < 500 && type !== "idempotency_in_progress";
  return { outcome: refused ? "rejected" : "unknown", type };
}

/** Key and body, written once: the first of two callers wins, and both send the same. */
async function intent(path, order) {
  try {
    await writeFile(path, JSON.stringify({ key: randomUUID(), body: JSON.stringify(order) }), { flag: "wx" });
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  return JSON.parse(await readFile(path, "utf8"));
}
