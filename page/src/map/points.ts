// Places prepared for being projected again and again without trigonometry, as
// the globe turns: where each lies on the plane, and its direction from the
// Earth's centre.

import { equalEarth, RAD, type View } from "./project";

/** Numbers per point: plane x, y; direction x, y, z. */
const SIZE = 5;

export class Points {
  data: Float32Array;
  #plane = [0, 0];

  constructor(room: number) {
    this.data = new Float32Array(room * SIZE);
  }

  /** Prepares a place in degrees. */
  set(i: number, lonDegrees: number, latDegrees: number): void {
    const [lon, lat] = [lonDegrees * RAD, latDegrees * RAD];
    const { data } = this;
    equalEarth(lon, lat, this.#plane);
    const c = Math.cos(lat);
    let o = i * SIZE;
    data[o++] = this.#plane[0];
    data[o++] = this.#plane[1];
    data[o++] = c * Math.sin(lon);
    data[o++] = Math.sin(lat);
    data[o] = c * Math.cos(lon);
  }

  /** How much a place faces a direction: 1 straight, −1 on the other side. */
  facing(i: number, x: number, y: number, z: number): number {
    const o = i * SIZE + 2;
    return this.data[o] * x + this.data[o + 1] * y + this.data[o + 2] * z;
  }
}

/** Projects points: to pixels, and 1 in front of the globe … 0 behind it. */
export function projector(v: View, { data }: Points): (i: number, out: Float32Array) => void {
  const e = v.morph * v.morph * (3 - 2 * v.morph);
  const [cl, sl, cp, sp] = [Math.cos(v.lon), Math.sin(v.lon), Math.cos(v.lat), Math.sin(v.lat)];
  const { x, y, panX, panY, scale, globeX, globeY, radius } = v;
  return (i, out) => {
    const o = i * SIZE;
    const px = x + (data[o] - panX) * scale;
    const py = y - (data[o + 1] - panY) * scale;
    if (e === 0) {
      out[0] = px;
      out[1] = py;
      out[2] = 1;
      return;
    }
    const sx = data[o + 2] * cl - data[o + 4] * sl;
    const sz = data[o + 4] * cl + data[o + 2] * sl;
    const sy = data[o + 3];
    out[0] = px + (globeX + sx * radius - px) * e;
    out[1] = py + (globeY - (sy * cp - sz * sp) * radius - py) * e;
    out[2] = sy * sp + sz * cp < 0 ? 1 - e : 1;
  };
}
