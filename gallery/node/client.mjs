// Which client of the gallery is meant by a name, and what it is told: for `worker.mjs` and `command.mjs`.
//
// What must never be known here: which client it is.

const { GALLERY_BASE_URL, GALLERY_API_KEY, GOLIVE_API_VERSION, GOLIVE_STATE_DIR } = process.env;
const settings = {
  baseUrl: GALLERY_BASE_URL,
  apiKey: GALLERY_API_KEY,
  apiVersion: GOLIVE_API_VERSION,
  stateDir: GOLIVE_STATE_DIR,
};

/** `retries:NewKeyPerAttempt` is a class of `retries.mjs`, `correct/surfacing` a module that has a `placeOrder`. */
export async function named(name) {
  const [file, exported] = name.split(":");
  const module = await import(`./${file}.mjs`);
  const client = exported ? module[exported] : module;
  return (reference, order) => client.placeOrder(order, reference, settings);
}
