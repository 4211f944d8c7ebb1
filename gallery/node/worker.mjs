// `node worker.mjs NAME`: a client of the gallery as a worker, one process for many orders, a line of JSON for each.
//
// What a client does not catch ends the process, as it does in any Node program.

import { createInterface } from "node:readline";
import { named } from "./client.mjs";

const placeOrder = await named(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const { id, reference, order } = JSON.parse(line);
  placeOrder(reference, order).then((outcome) => console.log(JSON.stringify({ id, ...outcome })));
}
