// `node command.mjs NAME`: a client of the gallery as a command, one process an order.

import { text } from "node:stream/consumers";
import { named } from "./client.mjs";

const placeOrder = await named(process.argv[2]);
const { reference, order } = JSON.parse(await text(process.stdin));
const outcome = await placeOrder(reference, order);
// Open sockets would keep the process alive for a while; the caller has its answer.
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
