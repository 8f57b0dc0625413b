// The flat map's projection and what is seen, on the CPU; points.ts has the globe,
// shaders.ts both in GLSL. Angles are in radians unless a name says degrees.

/** Equal Earth (Šavrič, Patterson, Jenny 2018). */
export const A = [1.340264, -0.081106, 0.000893, 0.003796];
export const M = Math.sqrt(3) / 2;

/** The map is centred on 11° E, so that it is cut through the Bering Strait. */
export const CENTRE = (11 * Math.PI) / 180;
export const RAD = Math.PI / 180;
/** Between two dots of the land; worldgen's step. */
export const STEP = 0.8 * RAD;

/** What is seen: the flat map, the globe, or something between. */
export interface View {
  width: number; // of the drawing, in its pixels
  height: number;
  scale: number; // pixels of the flat map per projected unit
  x: number; // where the flat map's centre is drawn
  y: number;
  panX: number; // what is there, in projected units
  panY: number;
  morph: number; // 0 map … 1 globe
  lon: number; // the globe's centre
  lat: number;
  radius: number; // of the globe, in pixels
  globeX: number;
  globeY: number;
}

/** Projects onto the plane: x east, y north, |x| ≤ 2.71, |y| ≤ 1.32. */
export function equalEarth(lon: number, lat: number, out: number[]): void {
  let east = lon - CENTRE;
  if (east < -Math.PI) east += 2 * Math.PI;
  if (east > Math.PI) east -= 2 * Math.PI;
  const l = Math.asin(M * Math.sin(lat));
  const l2 = l * l;
  const l6 = l2 * l2 * l2;
  out[0] = (east * Math.cos(l)) / (M * (A[0] + 3 * A[1] * l2 + l6 * (7 * A[2] + 9 * A[3] * l2)));
  out[1] = l * (A[0] + A[1] * l2 + l6 * (A[2] + A[3] * l2));
}

/** Where the sun stands overhead: its longitude and latitude. */
export function sun(ms: number): [number, number] {
  const day = (ms - Date.UTC(new Date(ms).getUTCFullYear(), 0, 0)) / 864e5;
  const lat = -23.44 * Math.cos((2 * Math.PI * (day + 10)) / 365);
  const lon = -(((ms / 36e5) % 24) - 12) * 15;
  return [lon * RAD, lat * RAD];
}
