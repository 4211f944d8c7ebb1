// axios, with axios-retry told when to retry and how long to wait.

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import axios, { AxiosError } from "axios";
import axiosRetry, { retryAfter } from "axios-retry";

const http = axios.create({ timeout: 15_000, maxRedirects: 0 });

// What says 2xx and names no order is no success.
http.interceptors.response.use((response) => {
  if (typeof response.data?.id === "string") return response;
  throw new AxiosError("no order in the answer", "ERR_NO_ORDER", response.config, response.request, response);
});

const is = {
  limited: ({ response }) => response?.status === 429,
  busy: ({ response }) => response?.data?.type === "idempotency_in_progress",
  refused: (error) => {
    const status = error.response?.status;
    return status >= 400 && status < 500 && !is.limited(error) && !is.busy(error);
  },
};

axiosRetry(http, {
  retries: 6,
  shouldResetTimeout: true,
  retryCondition: (error) => !is.refused(error),
  retryDelay: (count, error) => {
    const first = is.limited(error) ? 5_000 : is.busy(error) ? 2_500 : 400;
    return Math.max(first * 2 ** (count - 1), retryAfter(error)) + Math.random() * 500;
  },
});

export async function placeOrder(order, reference, { baseUrl, apiKey, apiVersion, stateDir }) {
  const file = join(stateDir, `${reference}.json`);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify({ key: randomUUID(), body: JSON.stringify(order) }));
  const { key, body } = JSON.parse(readFileSync(file, "utf8"));
  const headers = {
    "X-Api-Key": apiKey,
    "X-Api-Version": apiVersion,
    "X-Idempotency-Key": key,
    "Content-Type": "application/json",
  };
  try {
    const { data, headers: told } = await http.post(`${baseUrl}/order`, body, { headers });
    if (told["x-api-version"] !== apiVersion) console.error(`answered in API version ${told["x-api-version"]}`);
    return { outcome: "created", order_id: data.id, status: data.status };
  } catch (error) {
    if (!axios.isAxiosError(error)) throw error;
    if (is.refused(error)) return { outcome: "rejected", type: error.response.data?.type };
    return { outcome: "unknown", type: error.code };
  }
}
