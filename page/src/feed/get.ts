// Fetching one object of the feed, with a time limit and a limit of size.

/** Why an object could not be had. */
export class FetchError extends Error {
  constructor(
    readonly reason: "offline" | "missing" | "server" | "slow" | "broken",
    what: string,
  ) {
    super(what);
  }
}

export interface Answer {
  json: unknown;
  date: number | null; // of the Date header, ms
  sent: number; // local, ms
  received: number;
  bytes: number;
}

const TIMEOUT = 10_000;
const MOST_BYTES = 16 << 20;

/** Gets an object as JSON. S3 answers 403 for what does not exist. */
export async function get(url: string, cache: RequestCache = "default"): Promise<Answer> {
  const sent = performance.now();
  let response: Response;
  let body: string;
  let received: number;
  try {
    response = await fetch(url, { cache, credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT) });
    if (response.status === 403 || response.status === 404) throw new FetchError("missing", url);
    if (!response.ok) throw new FetchError("server", url + ": status " + response.status);
    received = performance.now();
    body = await response.text();
  } catch (e) {
    if (e instanceof FetchError) throw e;
    const slow = e instanceof DOMException && e.name === "TimeoutError";
    throw new FetchError(slow ? "slow" : "offline", url + ": " + String(e));
  }
  if (body.length > MOST_BYTES) throw new FetchError("broken", url + ": too large");
  try {
    const date = Date.parse(response.headers.get("date") ?? "");
    return { json: JSON.parse(body), date: Number.isNaN(date) ? null : date, sent, received, bytes: body.length };
  } catch {
    throw new FetchError("broken", url + ": not JSON");
  }
}
