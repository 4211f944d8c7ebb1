// Clients for Node that go on with an accepted order, each wrong in one way.

import { Polling } from "./correct/polling.mjs";

/** Asks for the order ten times a second until it is finished. */
export class PollsHot extends Polling {
  polls = 600;

  pollPause() {
    return 100;
  }
}

/** Asks every two seconds until the order is finished, and would do so for a year. */
export class PollsForEver extends Polling {
  polls = Infinity;
  longestPoll = 2_000;
}

/** Reports an order as COMPLETED as soon as it is accepted. */
export class AcceptedIsCompleted extends Polling {
  async created(id) {
    return this.finished(id, "COMPLETED");
  }
}

/** Waits until the order is no longer in progress, and takes that for completed. */
export class FinishedIsCompleted extends Polling {
  finished(id, status) {
    return super.finished(id, status === "PROCESSING" ? status : "COMPLETED");
  }
}
