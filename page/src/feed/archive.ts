// The archive: every snapshot that the page knows, and which ones exist. Names
// are never guessed: latest.json lists the newest, all.json the days, a day's
// beat its hours, an hour's beat its minutes.

import { decodeNames, decodeSnapshot, type Latest, type Snapshot } from "./decode";
import { FetchError, get } from "./get";
import { keyOf, LENGTH, objectOf, startOf, dateOf, type Key, type Period } from "./period";

interface Entry {
  snapshot: Snapshot | null; // null while it is on its way
  fetched: number; // local ms
  retry: number; // not before, local ms
  used: number;
  asOf: number; // the newest moment it can know of, seconds
}

/** How many snapshots of a period are kept. */
const KEEP: Record<Period, number> = { "10s": 30, "1m": 20, "1h": 5, "1d": 4, all: 1 };

/** How much later than an event its snapshot may be published, in seconds. */
const REWRITTEN: Record<Period, number> = { "10s": 0, "1m": 0, "1h": 30, "1d": 90, all: 90 };

export class Archive {
  #entries = new Map<string, Entry>();
  #listed = new Set<number>(); // starts of 10s snapshots that latest.json has listed
  #newest = new Set<string>();
  #pending = 0;
  #published = 0;
  #empty = false; // nothing has ever happened
  names = new Map<string, string>();

  constructor(
    private base: string,
    private changed: (s: Snapshot) => void,
    private failed: (e: FetchError) => void,
  ) {}

  /** Learns from a heartbeat what exists. */
  learn(latest: Latest): void {
    this.#published = latest.published;
    this.#empty = latest.first === null;
    for (const start of latest.recent) this.#listed.add(start);
    if (this.#listed.size > 400) this.#listed = new Set([...this.#listed].sort((a, b) => b - a).slice(0, 100));
    for (const [period, start] of latest.newest) this.#newest.add(keyOf({ period, start }));
    if (this.#newest.size > 500) this.#newest.clear();
  }

  /** Forgets everything: the feed is another one. */
  clear(): void {
    this.#entries.clear();
    this.#listed.clear();
    this.#newest.clear();
  }

  /** A snapshot if it is here. */
  peek(period: Period, at: number): Snapshot | null {
    const e = this.#entries.get(keyOf({ period, start: startOf(period, at) }));
    if (!e) return null;
    e.used = performance.now();
    return e.snapshot;
  }

  /** The moment until which a snapshot that is here tells what happened; 0 if it is not here. */
  asOf(period: Period, at: number): number {
    return this.#entries.get(keyOf({ period, start: startOf(period, at) }))?.asOf ?? 0;
  }

  /** All snapshots that are here. */
  held(): Snapshot[] {
    return [...this.#entries.values()].flatMap((e) => e.snapshot ?? []);
  }

  /** Whether a snapshot exists: null if what would tell is not here yet. */
  exists(period: Period, start: number): boolean | null {
    if (this.#newest.has(keyOf({ period, start })) || this.peek(period, start)) return true;
    switch (period) {
      case "all":
        return !this.#empty;
      case "10s":
        return this.#listed.has(start);
      case "1d": {
        const all = this.peek("all", 0);
        if (!all) return this.#empty ? false : null;
        return [...all.types.values()].some((c) => c.days.has(dateOf(start)));
      }
      default: {
        if (period === "1m" && start + 60 > this.#published) return false; // published when it is over
        const parent = period === "1h" ? "1d" : "1h";
        return this.#inBeat(parent, start, LENGTH[period]);
      }
    }
  }

  #inBeat(parent: Period, start: number, length: number): boolean | null {
    const s = this.peek(parent, start);
    if (!s) return this.exists(parent, startOf(parent, start)) === false ? false : null;
    const from = (start - s.start) / 60;
    const to = from + length / 60;
    for (const c of s.types.values()) {
      for (let i = from; i < to; i++) if (c.beat[i] > 0) return true;
    }
    return false;
  }

  /**
   * Wants a snapshot, no older than maxAge ms: gets it, or what tells whether
   * it exists, and says by changed() when it is here.
   */
  want(period: Period, at: number, maxAge = Infinity): void {
    const start = startOf(period, at);
    const now = performance.now();
    const e = this.#entries.get(keyOf({ period, start }));
    if (e && (now < e.retry || (e.snapshot && now - e.fetched < maxAge))) return;
    if (!e?.snapshot && !this.#known({ period, start })) return;
    if (this.#pending < 6) void this.#fetch({ period, start }, e);
  }

  /** Whether it exists; if that cannot be told yet, wants what can tell. */
  #known({ period, start }: Key): boolean {
    const there = this.exists(period, start);
    if (there === null) {
      if (period === "1d") this.want("all", 0);
      else this.want(period === "1h" ? "1d" : "1h", start);
    }
    return there === true;
  }

  async #fetch(key: Key, e: Entry | undefined): Promise<void> {
    const now = performance.now();
    const entry = e ?? { snapshot: null, fetched: 0, retry: 0, used: now, asOf: 0 };
    entry.retry = now + 15_000;
    const asOf = this.#published - REWRITTEN[key.period];
    this.#entries.set(keyOf(key), entry);
    this.#pending++;
    try {
      const answer = await get(this.base + objectOf(key));
      entry.snapshot = decodeSnapshot(answer.json, key.period, key.start);
      entry.fetched = performance.now();
      entry.asOf = asOf;
      entry.retry = 0;
      this.changed(entry.snapshot);
      this.#evict(key.period);
    } catch (error) {
      this.failed(error instanceof FetchError ? error : new FetchError("broken", String(error)));
    } finally {
      this.#pending--;
    }
  }

  #evict(period: Period): void {
    const own = [...this.#entries].filter(([k]) => k.startsWith(period + ":"));
    if (own.length <= KEEP[period]) return;
    own.sort((a, b) => a[1].used - b[1].used);
    for (const [k] of own.slice(0, own.length - KEEP[period])) this.#entries.delete(k);
  }

  /** Gets the English names of regions, once. */
  async wantNames(): Promise<void> {
    if (this.names.size > 0) return;
    try {
      this.names = decodeNames((await get(this.base + "names.json")).json);
    } catch {
      // Codes are shown until it can be had.
    }
  }
}
