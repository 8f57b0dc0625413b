// A client that lives through the querier's absence: it keeps the last good
// answer to every question, asks whether it is still right, and gives it, with
// its age, when nobody answers. Copy it, with store.ts, into pages of your own.

import { Store } from "./store";

/** An answer, and how far it can be trusted. */
export interface Got<T> {
  body: T;
  at: number; // when it was last known to be right, in ms
  away: string; // why it may be old, as a sentence; "" if it is fresh
}

/** Why there is no answer, in a sentence for people. */
export class Trouble extends Error {
  constructor(
    message: string,
    readonly status = 0,
    readonly field = "",
    readonly see = "",
  ) {
    super(message);
  }
}

/** Longest question that is asked by GET, which caches understand. */
const SHORT = 1500;
/** How long an answer may take, in ms. */
const PATIENCE = 30_000;
/** Nobody is there, or somebody between us and the querier says so. */
const ABSENT = [502, 503, 504];

export class Client {
  /** The token for internal use; it is never part of an address. */
  token = "";

  constructor(
    private base: string,
    private store = new Store(),
    private place = (path: string) => path, // where what a path answers lies
  ) {}

  /** Gets what is at a path such as v1/keys. */
  get<T>(path: string, right: (v: unknown) => v is T): Promise<Got<T>> {
    return this.#ask(path, undefined, right);
  }

  /** Asks a question. */
  ask<T>(question: unknown, right: (v: unknown) => v is T): Promise<Got<T>> {
    const text = JSON.stringify(question);
    const path = "v1/query?q=" + encodeURIComponent(text);
    return path.length > SHORT ? this.#ask("v1/query", text, right) : this.#ask(path, undefined, right);
  }

  /** Forgets the token and all that was answered to it. */
  leave(): void {
    this.token = "";
    this.store.forget();
  }

  async #ask<T>(path: string, body: string | undefined, right: (v: unknown) => v is T): Promise<Got<T>> {
    const token = this.token;
    const key = [new URL(this.place(path), this.base).href, body ?? "", token && "internal"].join(" ");
    const kept = await this.store.get(key);
    const response = await this.#fetch(path, body, token, kept?.etag);
    if (response instanceof Response && (response.ok || (response.status === 304 && kept))) {
      const text = response.status === 304 ? kept!.text : await response.text().catch(() => "");
      const value = parse(text, right);
      if (value) {
        const at = Date.now();
        await this.store.put(key, { etag: response.headers.get("ETag") ?? kept?.etag ?? "", text, at }, token !== "");
        return { body: value.value, at, away: "" };
      }
    }
    const trouble = response instanceof Response ? await complaint(response) : response;
    const last = kept && gone(trouble) ? parse(kept.text, right) : null;
    if (last) return { body: last.value, at: kept!.at, away: trouble.message };
    throw trouble;
  }

  async #fetch(path: string, body: string | undefined, token: string, etag?: string): Promise<Response | Trouble> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (token) headers.Authorization = "Bearer " + token;
    if (etag) headers["If-None-Match"] = etag;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const init: RequestInit = { headers, body, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PATIENCE) };
    try {
      return await fetch(new URL(this.place(path), this.base), { ...init, method: body === undefined ? "GET" : "POST" });
    } catch {
      return new Trouble("The querier does not answer.");
    }
  }
}

/** What may pass by itself, so that an old answer is better than none. */
function gone(trouble: Trouble): boolean {
  return trouble.status === 0 || trouble.status === 429 || ABSENT.includes(trouble.status);
}

function parse<T>(text: string, right: (v: unknown) => v is T): { value: T } | null {
  try {
    const value: unknown = JSON.parse(text);
    return right(value) ? { value } : null;
  } catch {
    return null;
  }
}

/** Makes a sentence of what went wrong. */
async function complaint(response: Response): Promise<Trouble> {
  const { status } = response;
  if (response.ok) return new Trouble("What came is no answer of a querier.");
  try {
    const { error } = (await response.json()) as { error: { message: string; field?: string; see?: string } };
    const sentence = error.field ? `${error.field}: ${error.message}` : error.message.charAt(0).toUpperCase() + error.message.slice(1);
    return new Trouble(sentence.replace(/[^.!?…]$/, "$&."), status, error.field, error.see);
  } catch {
    return new Trouble(ABSENT.includes(status) ? "The querier is away." : `The querier answered with ${status}.`, status);
  }
}
