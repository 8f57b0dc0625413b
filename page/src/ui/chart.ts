// The curve in the time bar: how much happened when, and hatched the time of
// which nothing is known. What is not here yet is left out, never drawn as none.

import type { App } from "../app";
import { gaps } from "../feed/gaps";
import { dateOf } from "../feed/period";
import { LATE } from "../feed/state";
import type { Numbers } from "../numbers";
import { byId } from "./dom";

const WIDTH = 600;
const HEIGHT = 48;
const DAY = 86400;

/** Counts along the bar; null is unknown. */
interface Curve {
  points: (number | null)[];
  gaps: [number, number][]; // in seconds
}

export class Chart {
  #gaps: [number, number][] = [];

  constructor(
    private app: App,
    private numbers: Numbers,
  ) {}

  /** Whether nothing could be counted at a moment in seconds. */
  blank(at: number): boolean {
    return this.#gaps.some(([from, to]) => at >= from && at < to);
  }

  draw(from: number, to: number): void {
    const { points, gaps } = to - from > 2 * DAY ? this.#days(from, to) : this.#minutes(from, to);
    const most = Math.max(1, ...points.map((n) => n ?? 0)) * 1.08;
    const last = Math.max(1, points.length - 1);
    const y = (n: number) => (HEIGHT - 6 - (n / most) * (HEIGHT - 8)).toFixed(1);
    let line = "";
    let area = "";
    points.forEach((n, i) => {
      if (n === null) return;
      const x = ((i / last) * WIDTH).toFixed(1);
      const [first, end] = [(points[i - 1] ?? null) === null, (points[i + 1] ?? null) === null];
      line += `${first ? "M" : "L"}${x} ${y(n)}`;
      area += `${first ? `M${x} ${HEIGHT}L` : "L"}${x} ${y(n)}${end ? `L${x} ${HEIGHT}Z` : ""}`;
    });
    byId("chart-line").setAttribute("d", line);
    byId("chart-area").setAttribute("d", area);
    this.#hatch(from, to, gaps);
  }

  #days(from: number, to: number): Curve {
    const days = this.numbers.of("all", 0)?.days;
    const points = [];
    for (let d = Math.floor(from / DAY) * DAY; d < to; d += DAY) points.push(days ? (days.get(dateOf(d)) ?? 0) : null);
    return { points, gaps: [] };
  }

  /** A point a minute, or a quarter of an hour. */
  #minutes(from: number, to: number): Curve {
    const { archive, settings, latest } = this.app;
    const { counter } = this.numbers;
    if (latest) for (let d = from; d < to + DAY; d += DAY) archive.want("1d", Math.min(d, to), 600_000);
    const per = to - from <= 7200 ? 1 : 15;
    const start = Math.ceil(from / (60 * per)) * 60 * per;
    const first = latest?.first ?? Infinity;
    const minutes: (number | null)[] = [];
    for (let m = start; m + 60 <= to; m += 60) {
      minutes.push(m < first ? (latest ? 0 : null) : counter.knows(settings.main, m) ? counter.minute(settings.main, m) : null);
    }
    const points: (number | null)[] = [];
    for (let i = 0; i + per <= minutes.length; i += per) {
      const part = minutes.slice(i, i + per);
      points.push(part.includes(null) ? null : part.reduce((a, b) => a! + b!, 0));
    }
    return { points, gaps: gaps(minutes).map(([a, b]) => [start + a * 60, start + b * 60]) };
  }

  /** Hatches gaps, and the time since the feed fell silent. */
  #hatch(from: number, to: number, gaps: [number, number][]): void {
    const { heartbeat, latest, player } = this.app;
    if (latest && heartbeat.silence() > LATE) {
      const end = player.live ? Math.max(to, heartbeat.now() / 1000 - latest.delay) : to;
      if (latest.published < end) gaps.push([latest.published - 60, end]);
    }
    this.#gaps = gaps;
    const x = (at: number) => Math.max(0, Math.min(WIDTH, ((at - from) / (to - from)) * WIDTH));
    const boxes = gaps.map(([a, b]) => `M${x(a).toFixed(1)} 0H${x(b).toFixed(1)}V${HEIGHT}H${x(a).toFixed(1)}Z`);
    byId("chart-gap").setAttribute("d", boxes.join(""));
  }
}
