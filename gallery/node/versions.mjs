// Clients for Node that do not always say which version of the API they speak.

import { Polling } from "./correct/polling.mjs";
import { Reference } from "./reference.mjs";

/** Has the version header where it places orders, and has forgotten it where it asks for them. */
export class NoVersionOnPolls extends Polling {
  pollHeaders() {
    return { "X-Api-Key": this.settings.apiKey };
  }
}

/** Was moved to a newer version, but for the function that asks for orders. */
export class OldVersionOnPolls extends Polling {
  pollHeaders() {
    return { ...super.pollHeaders(), "X-Api-Version": "2023-07-27" };
  }
}

/** Retries when it is told that its version has been removed. */
export class RetriesRemovedVersion extends Reference {
  onError(status, answer) {
    const read = super.onError(status, answer);
    return status === 410 ? { ...read, kind: "transient" } : read;
  }
}
