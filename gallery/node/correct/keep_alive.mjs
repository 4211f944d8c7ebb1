// node:http with an agent that keeps its connections, callbacks and all, and retries by hand.

import { randomUUID } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";

const agents = {
  "http:": [http, new http.Agent({ keepAlive: true, maxSockets: 4 })],
  "https:": [https, new https.Agent({ keepAlive: true, maxSockets: 4 })],
};
const PATIENCE = 15_000; // ms, for a whole answer
const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds

export function placeOrder(order, reference, settings) {
  const file = path.join(settings.stateDir, `${reference}.json`);
  let stored;
  try {
    stored = JSON.parse(fs.readFileSync(file));
  } catch {
    stored = { key: randomUUID(), body: JSON.stringify(order) };
    fs.writeFileSync(file, JSON.stringify(stored));
  }
  return new Promise((resolve) => {
    let attempt = 0;
    const next = () =>
      post(stored, settings, (error, status, answer, headers) => {
        const seconds = PAUSES[attempt++] * (1 + Math.random() / 4);
        const again = (atLeast, why) => {
          if (attempt === PAUSES.length) resolve({ outcome: "unknown", type: why });
          else setTimeout(next, 1_000 * (atLeast + seconds));
        };
        if (status === 429) again(Math.max(5, asked(headers?.["retry-after"])), "rate_limited");
        else if (error) again(0, error.code ?? error.message);
        else if (status < 300 && answer?.id) resolve({ outcome: "created", order_id: answer.id });
        else if (answer?.type === "idempotency_in_progress") again(2, answer.type);
        else if (status >= 400 && status < 500) resolve({ outcome: "rejected", type: answer?.type });
        else again(0, answer?.type ?? `http_${status}`);
      });
    next();
  });
}

/** Seconds that a Retry-After header asks for, which may be a date; 0 without one. */
function asked(value) {
  if (value === undefined) return 0;
  const seconds = Number(value);
  return Number.isNaN(seconds) ? (Date.parse(value) - Date.now()) / 1_000 || 0 : seconds;
}

/** Calls back once: with an error, or with a status, what the body said, and the headers. */
function post({ key, body }, { baseUrl, apiKey, apiVersion }, callback) {
  const url = new URL(`${baseUrl}/order`);
  const [client, agent] = agents[url.protocol];
  let status;
  let over = false;
  const done = (...args) => {
    clearTimeout(timer);
    if (!over) callback(...args);
    over = true;
  };
  const request = client.request(url, {
    method: "POST",
    agent,
    headers: {
      "X-Api-Key": apiKey,
      "X-Api-Version": apiVersion,
      "X-Idempotency-Key": key,
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
    },
  });
  const timer = setTimeout(() => request.destroy(new Error("no answer in time")), PATIENCE);
  request.on("error", (error) => done(error, status));
  request.on("response", (response) => {
    status = response.statusCode;
    if (response.headers["x-api-version"] !== apiVersion) console.error(`answered in API version ${response.headers["x-api-version"]}`);
    const chunks = [];
    response.on("data", (chunk) => chunks.push(chunk));
    response.on("error", (error) => done(error, status));
    response.on("end", () => {
      let answer;
      try {
        answer = JSON.parse(Buffer.concat(chunks));
      } catch (error) {
        return done(status >= 400 && status < 500 ? null : error, status, undefined, response.headers);
      }
      done(null, status, answer, response.headers);
    });
  });
  request.end(body);
}
