// Clients for Node that let the API key out of its header, each in one way.

import { inspect } from "node:util";
import { Reference } from "./reference.mjs";

/** Logs the headers of each request. */
export class LogsHeaders extends Reference {
  headers() {
    const headers = super.headers();
    console.error("POST /order", headers);
    return headers;
  }
}

/** Dumps the whole client when no answer came, settings included. */
export class DumpsItself extends Reference {
  onNoAnswer(error) {
    console.error(inspect(this, { depth: 3 }));
    return super.onNoAnswer(error);
  }
}

/** Sends the API key as a query parameter as well. */
export class KeyInQuery extends Reference {
  async exchange(url, request) {
    return super.exchange(`${url}?api_key=${this.settings.apiKey}`, request);
  }
}

/** Shows the account that it works for in its process title, by the API key. */
export class TitlesItself extends Reference {
  async place() {
    process.title = `orders ${this.settings.apiKey}`;
    return super.place();
  }
}
