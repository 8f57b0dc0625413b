// The archive: every snapshot that the page knows, and which ones exist. Names
// are never guessed: latest.json lists the newest, all.json the days, a day's
// beat its hours, an hour's beat its minutes.

import { decodeNames, decodeSnapshot, type Latest, type Snapshot } from "./decode";
import { FetchError, get } from "./get";
import { LENGTH, objectOf, startOf, dateOf, type Key, type Period } from "./period";

interface Entry {
  snapshot: Snapshot | null; // null while it is on its way
  fetched: number; // local ms
  retry: number; // not before, local ms
  used: number; // the higher, the later
  asOf: number; // the newest moment it can know of, seconds
  refused: boolean; // asked for in vain
}

/** How many snapshots of a period are kept. */
const KEEP: Record<Period, number> = { "10s": 30, "1m": 40, "1h": 5, "1d": 4, all: 1 };

/** How much later than an event its snapshot may be published, in seconds. */
const REWRITTEN: Record<Period, number> = { "10s": 0, "1m": 0, "1h": 30, "1d": 90, all: 90 };

/** Makes something for each period. */
const byPeriod = <T>(make: () => T) => ({ "10s": make(), "1m": make(), "1h": make(), "1d": make(), all: make() });

export class Archive {
  #entries = byPeriod(() => new Map<number, Entry>()); // by start
  #listed = byPeriod(() => new Set<number>()); // starts that latest.json has told of
  #uses = 0;
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
    for (const start of latest.recent) this.#listed["10s"].add(start);
    for (const [period, start] of latest.newest) this.#listed[period].add(start);
    for (const starts of Object.values(this.#listed)) {
      if (starts.size > 400) for (const start of [...starts].sort((a, b) => b - a).slice(100)) starts.delete(start);
    }
  }

  /** Forgets everything: the feed is another one. */
  clear(): void {
    for (const known of [this.#entries, this.#listed]) for (const of of Object.values(known)) of.clear();
  }

  /** A snapshot if it is here. */
  peek(period: Period, at: number): Snapshot | null {
    const e = this.#entries[period].get(startOf(period, at));
    if (!e) return null;
    e.used = ++this.#uses;
    return e.snapshot;
  }

  /** The moment until which a snapshot that is here tells what happened; 0 if it is not here. */
  asOf(period: Period, at: number): number {
    return this.#entries[period].get(startOf(period, at))?.asOf ?? 0;
  }

  /** Whether a snapshot was asked for in vain, and is not here since. */
  refused(period: Period, at: number): boolean {
    return this.#entries[period].get(startOf(period, at))?.refused ?? false;
  }

  /** All snapshots of a period that are here. */
  held(period: Period): Snapshot[] {
    return [...this.#entries[period].values()].flatMap((e) => e.snapshot ?? []);
  }

  /** Whether a snapshot exists: null if what would tell is not here yet. */
  exists(period: Period, start: number): boolean | null {
    if (this.#listed[period].has(start) || this.peek(period, start)) return true;
    switch (period) {
      case "all":
        return !this.#empty;
      case "10s":
        return false;
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
    const e = this.#entries[period].get(start);
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
    const entry = e ?? { snapshot: null, fetched: 0, retry: 0, used: ++this.#uses, asOf: 0, refused: false };
    entry.retry = now + 15_000;
    const asOf = this.#published - REWRITTEN[key.period];
    this.#entries[key.period].set(key.start, entry);
    this.#pending++;
    try {
      const answer = await get(this.base + objectOf(key));
      entry.snapshot = decodeSnapshot(answer.json, key.period, key.start);
      entry.fetched = performance.now();
      entry.asOf = asOf;
      entry.retry = 0;
      entry.refused = false;
      this.changed(entry.snapshot);
      this.#evict(key.period);
    } catch (error) {
      entry.refused = entry.snapshot === null;
      this.failed(error instanceof FetchError ? error : new FetchError("broken", String(error)));
    } finally {
      this.#pending--;
    }
  }

  #evict(period: Period): void {
    const own = this.#entries[period];
    const oldest = [...own].sort((a, b) => a[1].used - b[1].used);
    for (const [start] of oldest.slice(0, Math.max(0, own.size - KEEP[period]))) own.delete(start);
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
