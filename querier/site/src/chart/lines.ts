// Lines over time, or over the hours of a day.

import { brief, DAY, HOUR, MINUTE, moment, number, tick, value } from "../words";
import { dash, step, type Hit, type Point, type Sheet } from "./ink";
import { MOMENTS, type Lines } from "./shape";

const STEPS = [1, 2, 5, 10, 15, 30].map((n) => n * MINUTE)
  .concat([1, 2, 3, 6, 12].map((n) => n * HOUR), [1, 2, 3, 5, 7, 14, 28, 56, 91, 182, 364].map((n) => n * DAY));

interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: (v: number) => number;
  y: (v: number) => number;
}

export function drawLines(s: Sheet, c: Lines): Point {
  const values = c.series.flatMap((l) => l.values.filter((v) => v !== null));
  const most = Math.max(...values, 0) || 1;
  const least = Math.min(...values, 0);
  const whole = values.every(Number.isInteger) ? 1 : 0; // there is no half of an event
  const gap = Math.max(whole, step(most - least, Math.max(2, s.height / 70)));
  const [low, high] = [Math.floor(least / gap) * gap, Math.ceil(most / gap) * gap];
  const f = frame(s, c, low, high, gap);
  grid(s, f, low, high, gap);
  ticks(s, f, c);
  unknown(s, f, c);
  [...c.series].reverse().forEach((l, k) => line(s, f, c.xs, l.values, c.series.length - 1 - k, c.series.length === 1, c.open));
  return (px, py) => hit(f, c, px, py);
}

function frame(s: Sheet, c: Lines, low: number, high: number, gap: number): Frame {
  s.g.font = `${s.size}px ${s.ink.font}`;
  let wide = 0;
  for (let v = low; v <= high + gap / 2; v += gap) wide = Math.max(wide, s.g.measureText(brief(v)).width);
  const [left, right] = [wide + s.size, s.width - s.size * 1.2];
  const [top, bottom] = [s.size, s.height - s.size * 2.1];
  const [first, last] = [c.xs[0], c.xs[c.xs.length - 1]];
  return {
    left, right, top, bottom,
    x: (v) => (last > first ? left + ((v - first) / (last - first)) * (right - left) : (left + right) / 2),
    y: (v) => bottom - ((v - low) / (high - low)) * (bottom - top),
  };
}

function grid({ g, ink, size }: Sheet, f: Frame, low: number, high: number, gap: number): void {
  g.textAlign = "right";
  g.textBaseline = "middle";
  g.lineWidth = 1;
  for (let v = low; v <= high + gap / 2; v += gap) {
    const y = Math.round(f.y(v)) + 0.5;
    g.strokeStyle = ink.line;
    g.globalAlpha = Math.abs(v) < gap / 2 ? 1 : 0.6;
    g.beginPath();
    g.moveTo(f.left, y);
    g.lineTo(f.right, y);
    g.stroke();
    g.globalAlpha = 1;
    g.fillStyle = ink.dim;
    g.fillText(brief(Math.abs(v) < gap / 1e6 ? 0 : v), f.left - size * 0.6, y);
  }
}

/** Writes under the axis as much as fits. */
function ticks({ g, ink, size }: Sheet, f: Frame, c: Lines): void {
  g.textAlign = "center";
  g.textBaseline = "top";
  g.fillStyle = ink.dim;
  let end = -Infinity;
  const shown = marks(f, c, size);
  if (MOMENTS.includes(c.x) && shown.some(([v]) => v % DAY !== 0)) {
    g.textAlign = "left";
    g.fillText("UTC", 0, f.bottom + size * 0.7);
    g.textAlign = "center";
    end = g.measureText("UTC").width;
  }
  for (const [v, text] of shown) {
    const half = g.measureText(text).width / 2;
    const x = Math.min(Math.max(f.x(v), half), f.right + size - half);
    if (x - half < end + size * 0.8) continue;
    g.fillText(text, x, f.bottom + size * 0.7);
    end = x + half;
  }
}

function marks(f: Frame, c: Lines, size: number): [number, string][] {
  const [first, last] = [c.xs[0], c.xs[c.xs.length - 1]];
  if (!MOMENTS.includes(c.x)) return c.xs.map((v) => [v, value(c.x, v)]);
  const room = Math.max(2, (f.right - f.left) / (size * 5));
  const gap = STEPS.find((n) => (last - first) / n <= room) ?? 728 * DAY;
  if (gap >= 28 * DAY) return months(first, last, Math.round(gap / (28 * DAY)));
  const out: [number, string][] = [];
  const weeks = gap % (7 * DAY) === 0 ? 4 * DAY : 0; // 1970 began on a Thursday
  for (let v = Math.ceil((first - weeks) / gap) * gap + weeks; v <= last; v += gap) out.push([v, tick(v, gap)]);
  return out;
}

function months(first: number, last: number, each: number): [number, string][] {
  const out: [number, string][] = [];
  const year = new Date(first).getUTCFullYear();
  for (let m = 0; ; m += each) {
    const v = Date.UTC(year, m);
    if (v > last) return out;
    if (v >= first) out.push([v, tick(v, 28 * DAY)]);
  }
}

/** Hatches where nothing is known, as nothing would be drawn where nothing happened, too. */
function unknown({ g, ink, size }: Sheet, f: Frame, c: Lines): void {
  const empty = c.xs.map((_, i) => c.series.every((l) => l.values[i] === null));
  const half = c.xs.length > 1 ? (f.x(c.xs[1]) - f.x(c.xs[0])) / 2 : 0;
  g.save();
  g.beginPath();
  for (let i = 0; i < empty.length; i++) {
    if (!empty[i]) continue;
    const from = i;
    while (i + 1 < empty.length && empty[i + 1]) i++;
    const [a, b] = [Math.max(f.left, f.x(c.xs[from]) - half), Math.min(f.right, f.x(c.xs[i]) + half)];
    g.rect(a, f.top, b - a, f.bottom - f.top);
  }
  g.clip();
  g.strokeStyle = ink.dim;
  g.globalAlpha = 0.35;
  g.beginPath();
  for (let x = f.left - f.bottom; x < f.right; x += size * 0.7) {
    g.moveTo(x, f.bottom);
    g.lineTo(x + f.bottom - f.top, f.top);
  }
  g.stroke();
  g.restore();
}

function line({ g, ink, size }: Sheet, f: Frame, xs: number[], values: (number | null)[], k: number, alone: boolean, open: boolean): void {
  g.save();
  g.strokeStyle = g.fillStyle = alone ? ink.hot : ink.series[k % ink.series.length];
  g.lineWidth = size / 7;
  g.lineJoin = "round";
  if (alone && !ink.forced) area(g, f, xs, values, ink.hot);
  g.setLineDash(dash(k));
  if (!ink.forced) {
    g.shadowColor = String(g.strokeStyle);
    g.shadowBlur = size * 0.6;
  }
  g.beginPath();
  let on = false;
  const last = open ? values.length - 1 : -1;
  values.forEach((v, i) => {
    if (v !== null && i !== last) {
      if (on) g.lineTo(f.x(xs[i]), f.y(v));
      else g.moveTo(f.x(xs[i]), f.y(v));
    }
    on = v !== null;
  });
  g.stroke();
  if (last > 0) unsure(g, f, xs, values, size);
  dots(g, f, xs, values, size / 5);
  g.restore();
}

/** The way to a value that still grows is dotted. */
function unsure(g: CanvasRenderingContext2D, f: Frame, xs: number[], values: (number | null)[], size: number): void {
  const [a, b] = values.slice(-2);
  if (a === null || b === null) return;
  g.beginPath();
  g.setLineDash([size / 7, size / 3]);
  g.moveTo(f.x(xs[xs.length - 2]), f.y(a));
  g.lineTo(f.x(xs[xs.length - 1]), f.y(b));
  g.stroke();
}

/** Single known values between unknown ones are dots. */
function dots(g: CanvasRenderingContext2D, f: Frame, xs: number[], values: (number | null)[], r: number): void {
  const none = (i: number) => values[i] === null || values[i] === undefined;
  values.forEach((v, i) => {
    if (v === null || !none(i - 1) || !none(i + 1)) return;
    g.beginPath();
    g.arc(f.x(xs[i]), f.y(v), r, 0, 7);
    g.fill();
  });
}

function area(g: CanvasRenderingContext2D, f: Frame, xs: number[], values: (number | null)[], colour: string): void {
  const fade = g.createLinearGradient(0, f.top, 0, f.bottom);
  fade.addColorStop(0, colour + "38");
  fade.addColorStop(1, colour + "00");
  g.save();
  g.fillStyle = fade;
  for (let i = 0; i < xs.length; i++) {
    if (values[i] === null) continue;
    const from = i;
    g.beginPath();
    g.moveTo(f.x(xs[i]), f.y(0));
    for (; i < xs.length && values[i] !== null; i++) g.lineTo(f.x(xs[i]), f.y(values[i]!));
    g.lineTo(f.x(xs[Math.max(from, i - 1)]), f.y(0));
    g.fill();
  }
  g.restore();
}

function hit(f: Frame, c: Lines, px: number, py: number): Hit | null {
  if (c.xs.length === 0 || py < f.top - 20 || py > f.bottom + 20) return null;
  let best = 0;
  c.xs.forEach((v, i) => {
    if (Math.abs(f.x(v) - px) < Math.abs(f.x(c.xs[best]) - px)) best = i;
  });
  const at = c.xs[best];
  const rows = c.series.map((l, i) => ({ name: l.name, v: l.values[best], series: i }));
  return {
    x: f.x(at), y: f.top,
    head: MOMENTS.includes(c.x) ? moment(at) : value(c.x, at),
    rows: rows.map((r) => ({ name: r.name, text: r.v === null ? "unknown" : number(r.v), series: r.series })),
  };
}
