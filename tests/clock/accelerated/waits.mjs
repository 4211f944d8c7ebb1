// Every way in which Node waits, each for some twenty seconds by its own clock; a line of JSON for each.
// `node waits.mjs PORT`, of a server that never answers.
import { execFile, spawnSync } from "node:child_process";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const seconds = 20;
const port = Number(process.argv[2]);

const intervals = () =>
  new Promise((resolve) => {
    let left = 4;
    const each = setInterval(() => --left || resolve(clearInterval(each)), (seconds / 4) * 1000);
  });

const request = () =>
  new Promise((resolve) => {
    const asked = http.get({ host: "127.0.0.1", port, timeout: seconds * 1000 });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", resolve);
  });

const worker = (wait) =>
  new Promise((resolve) => new Worker(wait, { eval: true }).on("message", resolve));

const child = () =>
  new Promise((resolve) => execFile("sleep", ["1000"], { timeout: seconds * 1000 }, resolve));

const waits = {
  setTimeout: () => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
  setInterval: intervals,
  "timers/promises": () => sleep(seconds * 1000),
  "fetch with AbortSignal.timeout": () =>
    fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(seconds * 1000) }).catch(() => {}),
  "http.get with a time-out": request,
  "Atomics.wait in a worker": () =>
    worker(`const { parentPort } = require("worker_threads");
            parentPort.postMessage(Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${seconds * 1000}))`),
  "setTimeout in a worker": () =>
    worker(`setTimeout(() => require("worker_threads").parentPort.postMessage(1), ${seconds * 1000})`),
  "execFile with a time-out": child,
};

const tell = (what) => console.log(JSON.stringify(what));

async function measure(name, wait) {
  const [date, precise, high] = [Date.now(), performance.now(), process.hrtime.bigint()];
  await wait();
  tell({
    name,
    asked: seconds,
    // A date has whole milliseconds, and a timer may fire in the last of them.
    dated: (Date.now() - date + 2) / 1000,
    took: Math.min(performance.now() - precise + 1, Number(process.hrtime.bigint() - high) / 1e6 + 1) / 1000,
  });
}

tell({ began: true });
await Promise.all(Object.entries(waits).map(([name, wait]) => measure(name, wait)));
await measure("Atomics.wait", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000));
await measure("spawnSync with a time-out", () => spawnSync("sleep", ["1000"], { timeout: seconds * 1000 }));
process.exit(0);
