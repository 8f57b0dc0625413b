// Ranked bars, as in the page's ranking.

import { number } from "../words";
import { fit, type Point, type Sheet } from "./ink";
import type { Bars } from "./shape";

/** How high a chart of bars wants to be. */
export const barsHeight = (c: Bars, size: number): number =>
  Math.max(3, c.labels.length) * row(c, size) + size;

const row = (c: Bars, size: number) => size * (c.series.length > 1 ? 1.1 + c.series.length * 0.85 : 2.1);

export function drawBars(s: Sheet, c: Bars): Point {
  const { g, ink, size, rtl } = s;
  g.font = `${size}px ${ink.font}`;
  const high = Math.min(row(c, size), (s.height - size) / Math.max(1, c.labels.length));
  const values = c.series.flatMap((l) => l.values.filter((v) => v !== null));
  const most = Math.max(...values.map(Math.abs), 0) || 1;
  const names = Math.min(s.width * 0.4, Math.max(0, ...c.labels.map((l) => g.measureText(l).width)) + 2);
  const figures = Math.max(0, ...values.map((v) => g.measureText(number(v)).width)) + 2;
  const [start, room] = [names + size, Math.max(10, s.width - names - figures - size * 2)];
  const mirror = (x: number) => (rtl ? s.width - x : x);
  const bar = (x: number, y: number, w: number, h: number, fill: string | CanvasGradient) => {
    g.fillStyle = fill;
    g.beginPath();
    g.roundRect(rtl ? s.width - x - w : x, y, w, h, h / 2);
    g.fill();
  };
  c.labels.forEach((label, i) => {
    const top = size / 2 + i * high;
    g.textBaseline = "middle";
    g.textAlign = rtl ? "right" : "left";
    g.fillStyle = ink.text;
    g.fillText(fit(g, label, names), mirror(0), top + high / 2);
    const thick = Math.min(size * 0.5, (high * 0.7) / c.series.length);
    c.series.forEach((l, k) => {
      const y = top + high / 2 + (k - (c.series.length - 1) / 2) * Math.max(thick * 1.5, size * 0.85);
      const v = l.values[i];
      bar(start, y - thick / 2, room, thick, ink.line);
      if (v !== null) bar(start, y - thick / 2, Math.max(thick, (Math.abs(v) / most) * room), thick, colour(s, c, k, mirror(start), mirror(start + room)));
      g.fillStyle = ink.text;
      g.textAlign = rtl ? "left" : "right";
      g.fillText(v === null ? "–" : number(v), mirror(s.width), y);
    });
  });
  return (_, y) => {
    const i = Math.floor((y - size / 2) / high);
    if (i < 0 || i >= c.labels.length) return null;
    const rows = c.series.map((l, k) => ({ name: l.name, text: l.values[i] === null ? "unknown" : number(l.values[i]), series: k }));
    return { x: mirror(start), y: size / 2 + i * high, head: c.labels[i], rows };
  };
}

function colour({ g, ink }: Sheet, c: Bars, k: number, from: number, to: number): string | CanvasGradient {
  if (c.series.length > 1 || ink.forced) return ink.series[k % ink.series.length];
  const fade = g.createLinearGradient(from, 0, to, 0);
  fade.addColorStop(0, ink.low);
  fade.addColorStop(1, ink.hot);
  return fade;
}
