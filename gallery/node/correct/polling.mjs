// Places an order in asynchronous mode, and asks for it until it is completed or has failed.

import { setTimeout as sleep } from "node:timers/promises";
import { Reference } from "../reference.mjs";

/** The reference client, which goes on with the order once it was accepted. */
export class Polling extends Reference {
  polls = 20;
  firstPoll = 1_500; // ms
  longestPoll = 30_000;

  async created(id) {
    let status = "PROCESSING";
    for (let poll = 0; poll < this.polls && status === "PROCESSING"; poll++) {
      await sleep(this.pollPause(poll));
      status = (await this.look(id)) ?? status;
    }
    return this.finished(id, status);
  }

  pollPause(poll) {
    return Math.min(this.firstPoll * 1.5 ** poll, this.longestPoll) * (1 + Math.random() / 10);
  }

  finished(id, status) {
    return { outcome: "created", order_id: id, status };
  }

  /** The order's status, if it can be had. */
  async look(id) {
    const { status, text } = await this.exchange(`${this.settings.baseUrl}/order/${id}`, {
      headers: this.pollHeaders(),
    });
    return status === 200 ? this.parse(text)?.status : undefined;
  }

  pollHeaders() {
    return { "X-Api-Key": this.settings.apiKey, "X-Api-Version": this.settings.apiVersion };
  }
}

export const placeOrder = Polling.placeOrder.bind(Polling);
