// The exact count at any moment: earlier days, that day's beat before the
// minute, and the minute's beat up to the moment. Recent minutes come from their
// own snapshots, which are newer than the day's; counts only ever grow, so of
// two sources the larger one is right.

import type { Archive } from "./archive";
import type { Counts } from "./decode";
import { dateOf, startOf } from "./period";

/** How far back minutes are looked for by themselves, in seconds. */
const MEMORY = 1800;

const beats = (c: Counts | undefined, from: number, to: number): number => {
  if (!c) return 0;
  let sum = 0;
  const whole = Math.floor(to);
  for (let i = from; i < whole; i++) sum += c.beat[i] ?? 0;
  return sum + (c.beat[whole] ?? 0) * (to - whole);
};

export class Counter {
  /** n of minutes by type, learnt from 1m snapshots. */
  #minutes = new Map<string, Map<number, number>>();
  /** n of minutes by type, as far as 10s snapshots tell; valid until anything changes. */
  #tens = new Map<string, Map<number, number>>();
  /** Sums until a minute by type, valid until anything changes. */
  #until = new Map<string, { minute: number; sum: number | null }>();

  constructor(private archive: Archive) {}

  /** Learns a minute's n. */
  learn(type: string, minute: number, n: number): void {
    let m = this.#minutes.get(type);
    if (!m) this.#minutes.set(type, (m = new Map()));
    m.set(minute, n);
    if (m.size > 3000) m.delete(m.keys().next().value!);
  }

  /** Has to be called when a snapshot has come. */
  changed(): void {
    this.#until.clear();
    this.#tens.clear();
  }

  /** Forgets all: the feed is another one. */
  clear(): void {
    this.#minutes.clear();
    this.changed();
  }

  /** The count of one minute, 0 if nothing tells of it (yet). */
  minute(type: string, start: number): number {
    const day = this.archive.peek("1d", start);
    const hour = this.archive.peek("1h", start);
    return Math.max(
      day?.types.get(type)?.beat[(start - day.start) / 60] ?? 0,
      hour?.types.get(type)?.beat[(start - hour.start) / 60] ?? 0,
      this.#minutes.get(type)?.get(start) ?? 0,
      this.#byTens(type, start),
    );
  }

  /** Whether something tells of a minute: its own snapshot, or a longer one's that was published after it. */
  knows(type: string, start: number): boolean {
    if (this.#minutes.get(type)?.has(start)) return true;
    const { archive } = this;
    if (Math.max(archive.asOf("1d", start), archive.asOf("1h", start)) >= start + 60) return true;
    return archive.exists("1d", startOf("1d", start)) === false || this.#byTens(type, start) > 0;
  }

  /** A minute's count by its 10s snapshots, as far as they are here. */
  #byTens(type: string, start: number): number {
    let tens = this.#tens.get(type);
    if (!tens) {
      this.#tens.set(type, (tens = new Map()));
      for (const s of this.archive.held("10s")) {
        const minute = startOf("1m", s.start);
        tens.set(minute, (tens.get(minute) ?? 0) + (s.types.get(type)?.n ?? 0));
      }
    }
    return tens.get(start) ?? 0;
  }

  /**
   * The count from a minute's start until a moment (in seconds, fractions too)
   * within it; null while a snapshot that would tell is on its way.
   */
  #within(type: string, at: number): number | null {
    const start = Math.floor(at / 60) * 60;
    const own = this.archive.peek("1m", start)?.types.get(type);
    if (own) return beats(own, 0, at - start);
    let sum = 0;
    let known = false;
    for (let ten = start; ten < at; ten += 10) {
      const s = this.archive.peek("10s", ten);
      if (!s && this.archive.exists("10s", ten)) return null;
      known ||= s !== null;
      sum += beats(s?.types.get(type), 0, Math.min(10, at - ten));
    }
    return known ? sum : (this.minute(type, start) * (at - start)) / 60;
  }

  /** The count of a type between two moments of known minutes, or null. */
  between(type: string, from: number, to: number): number | null {
    const [before, after] = [this.#within(type, from), this.#within(type, to)];
    if (before === null || after === null) return null;
    let sum = after - before;
    for (let m = Math.floor(from / 60) * 60; m + 60 <= to; m += 60) sum += this.minute(type, m);
    return sum;
  }

  /**
   * The exact count of all events before a moment, or null until enough is here;
   * without patience as far as it is known.
   */
  at(type: string, at: number, patient = true): number | null {
    const minute = Math.floor(at / 60) * 60;
    let until = this.#until.get(type);
    if (patient && this.missing(minute).length > 0) return null;
    if (until?.minute !== minute) this.#until.set(type, (until = { minute, sum: this.#untilMinute(type, minute) }));
    const within = this.#within(type, at);
    return until.sum === null || within === null ? null : until.sum + within;
  }

  /**
   * Minutes before one that exist but have not come yet, the latest first; of all
   * earlier ones longer snapshots tell. There are several if the page was not
   * looked at for a while, or its machine was too busy.
   */
  missing(minute: number): number[] {
    const { archive } = this;
    const out: number[] = [];
    for (let m = minute - 60; m > minute - MEMORY && Math.max(archive.asOf("1d", m), archive.asOf("1h", m)) < m + 60; m -= 60) {
      if (!this.#whole(m)) out.push(m);
    }
    return out;
  }

  /** Whether all of a minute that is over is here, as far as it can be had. */
  #whole(minute: number): boolean {
    const { archive } = this;
    if (archive.peek("1m", minute) || archive.refused("1m", minute) || !archive.exists("1m", minute)) return true;
    let here = 0;
    for (let ten = minute; ten < minute + 60; ten += 10) {
      if (archive.peek("10s", ten)) here++;
      else if (archive.exists("10s", ten)) return false;
    }
    return here > 0;
  }

  #untilMinute(type: string, minute: number): number | null {
    const all = this.archive.peek("all", 0);
    if (!all) return this.archive.exists("all", 0) ? null : 0;
    const today = Math.floor(minute / 86400) * 86400;
    if (this.archive.exists("1d", today) && !this.archive.peek("1d", today)) return null;
    const date = dateOf(today);
    let sum = 0;
    for (const [d, n] of all.types.get(type)?.days ?? []) {
      if (d < date) sum += this.#day(type, d, n);
    }
    for (let m = today; m < minute; m += 60) sum += this.minute(type, m);
    return sum;
  }

  /** A whole day, by its own snapshot if that is newer. */
  #day(type: string, date: string, n: number): number {
    const start = Date.parse(date) / 1000;
    if (!this.archive.peek("1d", start)) return n;
    let sum = 0;
    for (let m = start; m < start + 86400; m += 60) sum += this.minute(type, m);
    return Math.max(n, sum);
  }
}
