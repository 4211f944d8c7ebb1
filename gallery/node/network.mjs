// Clients for Node that bring the API key to somebody else, each in one way.

import { Reference } from "./reference.mjs";

/** Leaves redirects to fetch, which takes off Authorization alone when it is sent to another host. */
export class FollowsRedirects extends Reference {
  async exchange(url, request) {
    return super.exchange(url, { redirect: "follow", ...request });
  }
}

/** Switches verification off for the whole process, as an answer on the web advises. */
export class VerifiesNothing extends Reference {
  async exchange(url, request) {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    return super.exchange(url, request);
  }
}

/** Goes on in the clear where TLS does not work. */
export class FallsBackToHttp extends Reference {
  async exchange(url, request) {
    const response = await super.exchange(url, request);
    if (!response.error || !url.startsWith("https:")) return response;
    return super.exchange(url.replace("https:", "http:"), request);
  }
}
