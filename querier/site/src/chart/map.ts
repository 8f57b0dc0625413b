// The page's dotted world: countries by the colour of their dots, cells as
// lights. Its geometry is loaded when the first map is drawn.

import { equalEarth, RAD } from "../../../../page/src/map/project";
import { World } from "../../../../page/src/map/world";
import bin from "../../../../page/src/world.bin";
import { brief, country, number, title } from "../words";
import type { Hit, Point, Sheet } from "./ink";
import type { Places } from "./shape";

/** Width of the projected world by its height. */
export const ASPECT = 2.05;
/** Half the projected world. */
const [EAST, NORTH] = [2.71, 1.32];
/** The map ends above Antarctica and below the pole. */
const [TOP, BOTTOM] = [1.28, -1.12];

let loaded: Promise<World> | undefined;

export function world(): Promise<World> {
  loaded ??= fetch(new URL(bin, import.meta.url))
    .then((r) => r.arrayBuffer())
    .then((b) => new World(new Uint8Array(b)));
  loaded.catch(() => (loaded = undefined));
  return loaded;
}

interface Frame {
  scale: number;
  at: (lon: number, lat: number) => [number, number];
}

function frame(s: Sheet): Frame {
  const scale = Math.min(s.width / (2 * EAST), (s.height - s.size * 2) / (TOP - BOTTOM));
  const [cx, cy] = [s.width / 2, scale * TOP + Math.max(0, (s.height - s.size * 2 - scale * (TOP - BOTTOM)) / 2)];
  const out = [0, 0];
  return {
    scale,
    at: (lon, lat) => {
      equalEarth(lon * RAD, lat * RAD, out);
      return [cx + out[0] * scale, cy - Math.max(-NORTH, out[1]) * scale];
    },
  };
}

/** Dark red to nearly white, by the logarithm: counts differ by powers of ten. */
const HEAT = ["#5e2b33", "#8f3a33", "#c34a30", "#f0622f", "#ff8a3c", "#ffb454", "#ffd58f", "#fff1d6"];

class Scale {
  constructor(
    readonly least: number,
    readonly most: number,
  ) {}

  /** The colour of a value; −1 for none. */
  level(v: number): number {
    if (!(v > 0)) return -1;
    const part = this.most > this.least ? Math.log(v / this.least) / Math.log(this.most / this.least) : 1;
    return Math.max(0, Math.min(HEAT.length - 1, Math.floor(part * HEAT.length)));
  }
}

export function drawMap(s: Sheet, c: Places, w: World, grid: number): Point {
  const f = frame(s);
  let [least, most] = [Infinity, 0];
  for (const v of [...c.countries.values(), ...c.cells.map(([, n]) => n)]) {
    if (v > 0) [least, most] = [Math.min(least, v), Math.max(most, v)];
  }
  const scale = new Scale(least, most);
  land(s, f, w, (code) => scale.level(c.countries.get(code) ?? 0));
  const lights = c.cells.map(([id, v]) => ({ at: f.at(...centre(id, grid)), id, v }));
  glow(s, lights, scale);
  legend(s, scale);
  return (x, y) => (lights.length > 0 ? nearest(lights, x, y, grid) : pointed(f, c, w, x, y));
}

/** The middle of a cell, in degrees; internal/grid says how cells are numbered. */
function centre(id: number, side: number): [number, number] {
  const columns = Math.round(360 / side);
  return [(id % columns) * side - 180 + side / 2, 90 - (Math.floor(id / columns) + 0.5) * side];
}

function land(s: Sheet, f: Frame, w: World, of: (code: string) => number): void {
  const { g, ink } = s;
  const paths = new Map<number, Path2D>();
  const r = Math.max(0.55, f.scale * 0.0052);
  for (let i = 0; i < w.dots.length; i += 3) {
    const k = of(w.codes[w.dots[i + 2]]);
    let path = paths.get(k);
    if (!path) paths.set(k, (path = new Path2D()));
    const [x, y] = f.at(w.dots[i], w.dots[i + 1]);
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 7);
  }
  for (const [k, path] of paths) {
    g.fillStyle = k < 0 ? ink.land : ink.forced ? ink.hot : HEAT[k];
    g.fill(path);
  }
}

function glow({ g, ink, size }: Sheet, lights: { at: [number, number]; v: number }[], scale: Scale): void {
  g.save();
  if (!ink.forced) g.globalCompositeOperation = "lighter";
  for (const { at: [x, y], v } of lights) {
    const k = scale.level(v);
    if (k < 0) continue;
    const r = size * (0.35 + 0.16 * k);
    const fade = g.createRadialGradient(x, y, 0, x, y, r);
    fade.addColorStop(0, ink.forced ? ink.hot : HEAT[k]);
    fade.addColorStop(0.25, ink.forced ? ink.hot : HEAT[k] + "99");
    fade.addColorStop(1, ink.hot + "00");
    g.fillStyle = fade;
    g.fillRect(x - r, y - r, 2 * r, 2 * r);
  }
  g.restore();
}

/** From little to much, under the map. */
function legend({ g, ink, size, width, height, rtl }: Sheet, { least, most }: Scale): void {
  if (most <= 0) return;
  g.font = `${size * 0.9}px ${ink.font}`;
  g.textBaseline = "middle";
  g.textAlign = "left";
  const y = height - size * 0.8;
  const steps = ink.forced ? ["–"] : HEAT; // one colour has no steps
  const wide = size * steps.length + g.measureText(brief(least) + brief(most)).width + size * 1.5;
  let x = rtl ? width - wide : 0;
  g.fillStyle = ink.dim;
  g.fillText(brief(least), x, y);
  x += g.measureText(brief(least)).width + size / 2;
  for (const colour of steps) {
    if (ink.forced) g.fillText(colour, x, y);
    else dot(g, x + size / 2, y, size * 0.28, colour);
    x += size;
  }
  g.fillStyle = ink.dim;
  g.fillText(brief(most), x + size / 2, y);
}

function dot(g: CanvasRenderingContext2D, x: number, y: number, r: number, colour: string): void {
  g.fillStyle = colour;
  g.beginPath();
  g.arc(x, y, r, 0, 7);
  g.fill();
}

function nearest(lights: { at: [number, number]; id: number; v: number }[], x: number, y: number, grid: number): Hit | null {
  let best = null;
  let far = 18;
  for (const l of lights) {
    const d = Math.hypot(l.at[0] - x, l.at[1] - y);
    if (d < far) [best, far] = [l, d];
  }
  if (!best) return null;
  const [lon, lat] = centre(best.id, grid);
  const head = `${Math.abs(lat).toFixed(2)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon).toFixed(2)}° ${lon < 0 ? "W" : "E"}`;
  return { x: best.at[0], y: best.at[1], head, rows: [{ name: "Cell " + best.id, text: number(best.v), series: 0 }] };
}

/** The country of the nearest dot. */
function pointed(f: Frame, c: Places, w: World, x: number, y: number): Hit | null {
  let best = -1;
  let far = f.scale * 0.03;
  for (let i = 0; i < w.dots.length; i += 3) {
    const [a, b] = f.at(w.dots[i], w.dots[i + 1]);
    const d = Math.hypot(a - x, b - y);
    if (d < far) [best, far] = [i, d];
  }
  if (best < 0) return null;
  const code = w.codes[w.dots[best + 2]];
  const v = c.countries.get(code);
  return { x, y, head: country(code), rows: [{ name: title(c.name) || "Value", text: v === undefined ? "none" : number(v), series: 0 }] };
}

