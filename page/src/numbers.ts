// The numbers: the total, rates and counts by minute at the moment shown. They
// come with the interface, a moment after the map, which can glow without them.

import type { App } from "./app";
import { Counter } from "./feed/count";
import type { Counts, Snapshot } from "./feed/decode";
import { startOf, type Period } from "./feed/period";

const MINUTE = 60_000;
/** Of more missing minutes than that a new day's snapshot tells sooner. */
const FEW = 3;

export interface Total {
  n: number;
  exact: boolean;
}

export class Numbers {
  readonly counter: Counter;
  #shown = 0; // the total last shown, which never falls while live
  #exact = false;
  #rates = new Map<string, number>(); // as last known
  #jitter = Math.random() * 4; // seconds: not every screen asks at once

  constructor(private app: App) {
    this.counter = new Counter(app.archive);
    for (const s of app.archive.held("1m")) this.arrived(s);
  }

  /** Learns from a snapshot that has come. */
  arrived(s: Snapshot): void {
    if (s.period === "1m") for (const [type, c] of s.types) this.counter.learn(type, s.start, c.n);
    this.counter.changed();
  }

  /** Forgets what it has counted: nothing is known of the feed. */
  clear(): void {
    this.counter.clear();
  }

  /** Forgets the total shown, after the viewer has jumped or the feed is another one. */
  reset(): void {
    this.#exact = false;
    this.#shown = 0;
  }

  /** Makes sure that what a moment's numbers need is here or on its way. */
  want(at: number): void {
    const { archive, player, speed } = this.app;
    const day = startOf("1d", at);
    const sinceMidnight = at - day;
    const minute = startOf("1m", at) - 60;
    const missing = this.counter.missing(minute);
    const fresh = missing.length > FEW ? MINUTE : player.live ? 5 * MINUTE : 30 * MINUTE;
    archive.want("all", 0, sinceMidnight < 300 ? MINUTE : fresh);
    archive.want("1d", day, fresh);
    if (sinceMidnight < 600) archive.want("1d", day - 86400, MINUTE);
    archive.want("1h", at, fresh);
    archive.want("1h", at - 3600, 30 * MINUTE);
    if (at - minute - 60 > this.#jitter && speed <= 60) archive.want("1m", minute);
    if (speed <= 60) for (const m of missing.slice(0, FEW)) archive.want("1m", m);
    if (!player.live && (speed <= 60 || player.paused)) archive.want("1m", at);
    if (player.live) for (let ten = minute + 60; ten <= at; ten += 10) archive.want("10s", ten);
  }

  /** The total of the main type at the moment shown; null while unknown. */
  total(): Total | null {
    const { main } = this.app.settings;
    const exact = this.counter.at(main, this.app.at / 1000, this.app.speed <= 60);
    if (!this.app.player.live) {
      this.#exact = exact !== null;
      this.#shown = exact ?? 0;
      return exact === null ? null : { n: Math.floor(exact), exact: true };
    }
    if (exact !== null) {
      this.#shown = this.#exact ? Math.max(this.#shown, exact) : exact;
      this.#exact = true;
    } else if (!this.#exact) {
      const about = this.#about(main);
      if (about === null) return null;
      this.#shown = Math.max(this.#shown, about);
    }
    return { n: Math.floor(this.#shown), exact: this.#exact };
  }

  /** A first guess, a little low so that the exact number does not fall. */
  #about(type: string): number | null {
    const { latest, archive } = this.app;
    if (!latest) return null;
    const at = this.app.at / 1000;
    const tens = [at, at - 10].map((t) => archive.peek("10s", t)?.types.get(type)?.n ?? 0);
    const busy = Math.max(...tens) / 10; // a second
    if (busy === 0) return null;
    return Math.max(0, (latest.totals.get(type) ?? 0) - busy * 1.6 * Math.max(0, latest.published - at + 10));
  }

  /** Events of a type in the minute before the moment shown. */
  rate(type: string): number {
    const at = this.app.at / 1000;
    const n = this.counter.between(type, at - 60, at);
    if (n !== null) this.#rates.set(type, Math.max(0, n));
    return this.#rates.get(type) ?? 0;
  }

  /** The main type's counts in the period that holds a moment (in seconds), if they are here. */
  of(period: Period, at: number): Counts | null {
    return this.app.archive.peek(period, at)?.types.get(this.app.settings.main) ?? null;
  }
}
