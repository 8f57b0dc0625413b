// Ranked bars, as in the page's ranking.

import { number } from "../words";
import { fit, type Point, type Sheet } from "./ink";
import type { Bars } from "./shape";

/** How high a chart of bars wants to be, which is so wide. */
export const barsHeight = (c: Bars, size: number, width: number): number =>
  Math.max(3, c.labels.length) * row(c, size, width) + size;

const row = (c: Bars, size: number, width: number) =>
  size * (c.series.length > 1 ? 1.1 + c.series.length * 1.05 : 2.1) + above(c, size, width);

/** How much room names take above their bars, where there is none beside them: on telephones. */
function above(c: Bars, size: number, width: number): number {
  const longest = Math.max(0, ...c.labels.map((l) => l.length));
  return width < size * 36 && longest * size * 0.55 > width * 0.38 ? size * 0.9 : 0;
}

export function drawBars(s: Sheet, c: Bars): Point {
  const { g, ink, size, rtl } = s;
  g.font = `${size}px ${ink.font}`;
  const over = above(c, size, s.width);
  const high = Math.min(row(c, size, s.width), (s.height - size) / Math.max(1, c.labels.length));
  const values = c.series.flatMap((l) => l.values.filter((v) => v !== null));
  const most = Math.max(...values.map(Math.abs), 0) || 1;
  const names = over ? -size : Math.min(s.width * 0.4, Math.max(0, ...c.labels.map((l) => g.measureText(l).width)) + 2);
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
    const top = size / 2 + i * high + over;
    g.textBaseline = "middle";
    g.textAlign = rtl ? "right" : "left";
    g.fillStyle = ink.text;
    const middle = top + (high - over) / 2;
    g.fillText(fit(g, label, over ? s.width : names), mirror(0), over ? top : middle);
    const thick = Math.min(size * 0.5, ((high - over) * 0.7) / c.series.length);
    c.series.forEach((l, k) => {
      const y = middle + (k - (c.series.length - 1) / 2) * Math.max(thick * 1.5, size * 1.05);
      const v = l.values[i];
      if (!ink.forced) bar(start, y - thick / 2, room, thick, ink.line); // that might be like the bar itself
      if (v) bar(start, y - thick / 2, Math.max(thick, (Math.abs(v) / most) * room), thick, colour(s, c, k, mirror(start), mirror(start + room)));
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
