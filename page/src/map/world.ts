// The dotted world: world.bin, which worldgen makes and documents.

import { RAD } from "./project";

export class World {
  readonly codes: string[] = [];
  /** Longitude, latitude (degrees) and country of every dot. */
  readonly dots: Float32Array;
  #rows: Int16Array[] = [];
  #step: number;
  #first: number;

  constructor(bin: Uint8Array) {
    let p = 0;
    const next = (): number => {
      let v = 0;
      for (let shift = 0; ; shift += 7) {
        const b = bin[p++];
        v |= (b & 127) << shift;
        if (b < 128) return v;
      }
    };
    this.#step = next() / 100;
    this.#first = next();
    const rows = next();
    const countries = next();
    for (let i = 0; i < countries; i++, p += 2) this.codes.push(String.fromCharCode(bin[p], bin[p + 1]));
    const dots: number[] = [];
    for (let small = next(); small > 0; small--) {
      const country = next();
      dots.push(next() / 10 - 180, next() / 10 - 90, country);
    }
    const values = Array.from({ length: next() }, next);
    for (let r = 0, run = 0; r < rows; r++) run = this.#row(r, values, run, next, dots);
    this.dots = Float32Array.from(dots);
  }

  #row(r: number, values: number[], run: number, length: () => number, dots: number[]): number {
    const lat = this.#first - r * this.#step;
    const row = new Int16Array(Math.max(1, Math.round((360 * Math.cos(lat * RAD)) / this.#step)));
    for (let i = 0; i < row.length; run++) {
      for (let n = length(); n > 0; n--, i++) {
        row[i] = values[run];
        if (row[i]) dots.push(-180 + ((i + (r % 2) / 2) * 360) / row.length, lat, row[i] - 1);
      }
    }
    this.#rows.push(row);
    return run;
  }

  /** The country at a place in radians, or -1: that of the nearest dot. */
  country(lon: number, lat: number): number {
    const r = Math.round((this.#first - lat / RAD) / this.#step);
    const row = this.#rows[r];
    if (!row) return -1;
    const turn = (((lon / RAD + 180) % 360) + 360) % 360;
    const i = Math.round((turn / 360) * row.length - (r % 2) / 2);
    for (const k of [i, i - 1, i + 1]) {
      const v = row[(k + row.length) % row.length];
      if (v) return v - 1;
    }
    return -1;
  }

  /** The middle of a country in degrees: its dot nearest to their mean. */
  middle(country: number): [number, number] | null {
    let x = 0, y = 0, z = 0;
    const own: [number, number][] = [];
    for (let i = 0; i < this.dots.length; i += 3) {
      if (this.dots[i + 2] !== country) continue;
      const [lon, lat] = [this.dots[i], this.dots[i + 1]];
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
}
