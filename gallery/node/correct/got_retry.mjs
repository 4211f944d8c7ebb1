// got, with its own retries switched on for POST, and delays that depend on what went wrong.

import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import got from "got";

const typeOf = (response) => {
  try {
    return JSON.parse(response.body).type;
  } catch {
    return undefined;
  }
};

/** Milliseconds to wait, or 0 if the error is an answer. */
function delay({ attemptCount, error, retryAfter = 0 }) {
  if (attemptCount > 6) return 0;
  const status = error.response?.statusCode;
  const longer = 2 ** (attemptCount - 1) * (1 + Math.random() / 3);
  if (status === 429) return Math.max(5_500 * longer, retryAfter);
  if (status >= 400 && status < 500) return typeOf(error.response) === "idempotency_in_progress" ? 3_000 * longer : 0;
  return 700 * longer;
}

const api = got.extend({
  method: "POST",
  followRedirect: false,
  timeout: { request: 12_000 },
  retry: { limit: 6, enforceRetryRules: false, calculateDelay: delay },
});

export async function placeOrder(order, reference, { baseUrl, apiKey, apiVersion, stateDir }) {
  const folder = join(stateDir, "orders", reference);
  mkdirSync(folder, { recursive: true });
  const keep = (name, value) => {
    try {
      writeFileSync(join(folder, name), value, { flag: "wx" });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    return readFileSync(join(folder, name), "utf8");
  };
  const headers = {
    "content-type": "application/json",
    "x-api-key": apiKey,
    "x-api-version": apiVersion,
    "x-idempotency-key": keep("key", randomUUID()),
  };
  let response;
  try {
    response = await api(`${baseUrl}/order`, { headers, body: keep("body", JSON.stringify(order)) });
    if (response.headers["x-api-version"] !== apiVersion) console.error(`answered in API version ${response.headers["x-api-version"]}`);
  } catch (error) {
    const status = error.response?.statusCode;
    const type = error.response && typeOf(error.response);
    const refused = status >= 400 && status < 500 && status !== 429 && type !== "idempotency_in_progress";
    return { outcome: refused ? "rejected" : "unknown", type: type ?? error.code };
  }
  try {
    const { id, status } = JSON.parse(response.body);
    if (response.ok && typeof id === "string") return { outcome: "created", order_id: id, status };
  } catch {
    // As good as no answer.
  }
  return { outcome: "unknown", type: `http_${response.statusCode}` };
}
