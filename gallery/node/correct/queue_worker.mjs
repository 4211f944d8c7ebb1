// Takes the order into a queue and says so; works in the background, and answers from what it knows when asked again.

import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const jobs = new Map(); // reference → job, as on disk
let folder;

export async function placeOrder(order, reference, settings) {
  takeUp(settings);
  let job = jobs.get(reference);
  if (!job) {
    job = { reference, key: randomUUID(), body: JSON.stringify(order), state: "queued", tries: 0 };
    save(job);
    jobs.set(reference, job);
    work(job, settings);
  }
  // Most orders are done within a moment: worth waiting for.
  await Promise.race([job.done, sleep(2_000)]);
  if (job.state === "created") return { outcome: "created", order_id: job.orderId };
  if (job.state === "refused") return { outcome: "rejected", type: job.type };
  return { outcome: "unknown", type: job.state };
}

/** After a restart: goes on with what was left. */
function takeUp(settings) {
  if (folder) return;
  folder = join(settings.stateDir, "queue");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".job"))) {
    const job = JSON.parse(readFileSync(join(folder, name), "utf8"));
    jobs.set(job.reference, job);
    if (job.state === "queued") work(job, settings);
  }
}

function save(job) {
  const path = join(folder, encodeURIComponent(job.reference));
  const { done, ...record } = job;
  writeFileSync(`${path}.tmp`, JSON.stringify(record));
  renameSync(`${path}.tmp`, `${path}.job`);
}

function work(job, settings) {
  job.done = (async () => {
    while (job.state === "queued" && job.tries < 25) {
      const wait = await attempt(job, settings);
      job.tries += 1;
      save(job);
      if (job.state === "queued") await sleep(wait);
    }
    if (job.state === "queued") job.state = "undecided, somebody has to look";
    save(job);
  })();
}

/** Milliseconds that a Retry-After header asks for: seconds, or a date; 0 without one. */
function askedWait(value) {
  if (!value) return 0;
  return Number.isFinite(+value) ? 1_000 * value : Date.parse(value) - Date.now() || 0;
}

/** One attempt: changes the job's state, or gives the milliseconds to wait before the next. */
async function attempt(job, { baseUrl, apiKey, apiVersion }) {
  const longer = Math.min(2 ** Math.min(job.tries, 6), 30) * 1_000 + Math.random() * 500;
  let status, answer, asked;
  try {
    const response = await fetch(`${baseUrl}/order`, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(30_000),
      headers: {
        "Content-Type": "application/json",
        "X-Api-Key": apiKey,
        "X-Api-Version": apiVersion,
        "X-Idempotency-Key": job.key,
      },
      body: job.body,
    });
    status = response.status;
    if (response.headers.get("x-api-version") !== apiVersion) console.error(`answered in API version ${response.headers.get("x-api-version")}`);
    asked = response.headers.get("retry-after");
    answer = (await response.json()) ?? {};
  } catch {
    answer = undefined;
  }
  if (status === 429) return longer + Math.max(5_000, askedWait(asked));
  if (answer === undefined) return longer;
  if (status >= 200 && status < 300 && answer.id) Object.assign(job, { state: "created", orderId: answer.id });
  else if (answer.type === "idempotency_in_progress") return 3_000 + longer;
  else if (status >= 400 && status < 500) Object.assign(job, { state: "refused", type: answer.type });
  return longer;
}
