// Clients for Node that let the API key out of its header, each in one way.

import { execFile } from "node:child_process";
import { inspect, promisify } from "node:util";
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

const SENDER = `
  const [url, request] = process.argv.slice(1);
  const response = await fetch(url, JSON.parse(request));
  console.log(JSON.stringify([response.status, [...response.headers], await response.text()]));
`;

/** Has a program send its requests, and hands it the headers as an argument, as scripts do with curl. */
export class KeyOnCommandLine extends Reference {
  async exchange(url, request) {
    const given = ["--input-type=module", "-e", SENDER, url, JSON.stringify(request)];
    try {
      const { stdout } = await promisify(execFile)(process.execPath, given, { timeout: this.timeout });
      const [status, headers, text] = JSON.parse(stdout);
      return { status, headers: new Headers(headers), text };
    } catch (error) {
      return { error };
    }
  }
}

/** Shows the account that it works for in its process title, by the API key. */
export class TitlesItself extends Reference {
  async place() {
    process.title = `orders ${this.settings.apiKey}`;
    return super.place();
  }
}
