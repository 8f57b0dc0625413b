// From what is seen to places: which country is where. Loaded with the hands
// that point at it.

import { A, CENTRE, M, RAD, type View } from "./project";
import type { Scene } from "./scene";
import type { World } from "./world";

/** The inverse, by Newton's method; null off the map. */
export function fromEqualEarth(x: number, y: number): [number, number] | null {
  let l = y / A[0];
  for (let i = 0; i < 8; i++) {
    const l2 = l * l;
    const l6 = l2 * l2 * l2;
    const f = l * (A[0] + A[1] * l2 + l6 * (A[2] + A[3] * l2)) - y;
    l -= f / (A[0] + 3 * A[1] * l2 + l6 * (7 * A[2] + 9 * A[3] * l2));
  }
  const l2 = l * l;
  const l6 = l2 * l2 * l2;
  const s = Math.sin(l) / M;
  const east = (x * M * (A[0] + 3 * A[1] * l2 + l6 * (7 * A[2] + 9 * A[3] * l2))) / Math.cos(l);
  if (Math.abs(s) > 1 || Math.abs(east) > Math.PI) return null;
  return [east + CENTRE, Math.asin(s)];
}

/** Where on Earth a pixel is, in radians, or null. */
export function unproject(v: View, px: number, py: number): [number, number] | null {
  if (v.morph < 0.5) return fromEqualEarth((px - v.x) / v.scale + v.panX, (v.y - py) / v.scale + v.panY);
  const x = (px - v.globeX) / v.radius;
  const y = (v.globeY - py) / v.radius;
  const z2 = 1 - x * x - y * y;
  if (z2 < 0) return null;
  const z = Math.sqrt(z2);
  const sy = y * Math.cos(v.lat) + z * Math.sin(v.lat);
  const sz = z * Math.cos(v.lat) - y * Math.sin(v.lat);
  return [v.lon + Math.atan2(x, sz), Math.asin(sy)];
}

/** The country at a place in radians, or −1: that of the nearest dot. */
export function countryAt(world: World, lon: number, lat: number): number {
  const r = Math.round((world.first - lat / RAD) / world.step);
  const row = world.rows[r];
  if (!row) return -1;
  const turn = (((lon / RAD + 180) % 360) + 360) % 360;
  const i = Math.round((turn / 360) * row.length - (r % 2) / 2);
  for (const k of [i, i - 1, i + 1]) {
    const v = row[(k + row.length) % row.length];
    if (v) return v - 1;
  }
  return -1;
}

/** The country at a CSS pixel of the canvas, or −1. */
export function pick(scene: Scene, world: World, x: number, y: number): number {
  const at = unproject(scene.camera.view(1), x, y);
  return at ? countryAt(world, at[0], at[1]) : -1;
}

/** The middle of a country in degrees: its dot nearest to their mean. */
export function middleOf(world: World, country: number): [number, number] | null {
  let x = 0, y = 0, z = 0;
  const own: [number, number][] = [];
  for (let i = 0; i < world.dots.length; i += 3) {
    if (world.dots[i + 2] !== country) continue;
    const [lon, lat] = [world.dots[i], world.dots[i + 1]];
    own.push([lon, lat]);
    x += Math.cos(lat * RAD) * Math.cos(lon * RAD);
    y += Math.cos(lat * RAD) * Math.sin(lon * RAD);
    z += Math.sin(lat * RAD);
  }
  if (own.length === 0) return null;
  const lon = Math.atan2(y, x) / RAD;
  const lat = Math.atan2(z, Math.hypot(x, y)) / RAD;
  const far = ([a, b]: [number, number]) => Math.hypot(((a - lon + 540) % 360) - 180, b - lat);
  return own.reduce((best, d) => (far(d) < far(best) ? d : best));
}
