// The dotted world: world.bin, which worldgen makes and documents.

import { RAD } from "./project";

const LEFT = 0;
const GUESS = 128;
const OTHER = 255;

/** The decoder of world.bin's bits; worldgen/code.go is its counterpart and says how it works. */
class Bits {
  #low = 0;
  #high = 0xffffffff;
  #code = 0;
  #odds = new Int32Array(256).fill(32768);
  #seen = new Uint8Array(256).fill(1);

  constructor(
    private bin: Uint8Array,
    private at: number,
  ) {
    for (let i = 0; i < 4; i++) this.#shift();
  }

  #shift(): void {
    this.#code = ((this.#code << 8) | this.bin[this.at++]) >>> 0;
  }

  flag(context: number): boolean {
    const p = this.#odds[context];
    const middle = this.#low + ((this.#high - this.#low) >>> 16) * p;
    const is = this.#code <= middle;
    const seen = this.#seen[context];
    if (is) this.#high = middle;
    else this.#low = middle + 1;
    this.#odds[context] = Math.max(64, Math.min(65472, is ? p + ((65536 - p) >> seen) : p - (p >> seen)));
    this.#seen[context] = Math.min(5, seen + 1);
    while ((this.#low ^ this.#high) >>> 24 === 0) {
      this.#low = (this.#low << 8) >>> 0;
      this.#high = ((this.#high << 8) | 255) >>> 0;
      this.#shift();
    }
    return is;
  }

  number(bits: number): number {
    let v = 0;
    while (bits--) v = v * 2 + Number(this.flag(OTHER));
    return v;
  }

  /** The country of row[i] by what it is like: coder.dot's counterpart. */
  dot(above: Uint8Array, row: Uint8Array, r: number, i: number): number {
    const [n, m] = [row.length, above.length];
    const middle = Math.floor(((2 * i + (r % 2)) * m + n - ((r + 1) % 2) * n) / (2 * n)) + m;
    const up = above[middle % m];
    const up1 = above[(middle + 1) % m];
    const up2 = above[(middle + 2) % m];
    const down1 = above[(middle - 1) % m];
    const was = i > 0 ? row[i - 1] : 0;
    const before = i > 1 ? row[i - 2] : 0;
    const level = up === up1 ? 1 : 0;
    const context =
      (up === was ? 1 : 0) | (up1 === was ? 2 : 0) | (down1 === was ? 4 : 0) | (before === was ? 8 : 0) |
      (up2 === was ? 16 : 0) | (was === 0 ? 32 : 0) | (level << 6);
    if (this.flag(LEFT + context)) return was;
    const guesses = [up, up1, 0, down1, up2];
    for (let k = 0; k < 5; k++) {
      const guess = guesses[k];
      if (guess === was || guesses.indexOf(guess) < k) continue;
      if (this.flag(GUESS + k * 4 + (guess ? 0 : 1) + level * 2)) return guess;
    }
    return this.number(8);
  }
}

export class World {
  readonly codes: string[] = [];
  /** Longitude, latitude (degrees) and country of every dot. */
  readonly dots: Float32Array;
  /** The country + 1 of every dot, row after row; 0 is water. */
  readonly rows: Uint8Array[] = [];
  /** Degrees between two rows, and where the first one is. */
  readonly step: number;
  readonly first: number;

  constructor(bin: Uint8Array) {
    this.step = bin[0] / 100;
    this.first = bin[1];
    const bits = new Bits(bin, 3);
    for (let i = 0; i < 676; i++) {
      if (bits.flag(OTHER)) this.codes.push(String.fromCharCode(65 + i / 26, 65 + (i % 26)));
    }
    const dots: number[] = [];
    const seen = new Set<number>();
    let above = new Uint8Array(1);
    for (let r = 0; r < bin[2]; r++) {
      const lat = this.first - r * this.step;
      const row = new Uint8Array(Math.max(1, Math.round((360 * Math.cos(lat * RAD)) / this.step)));
      for (let i = 0; i < row.length; i++) {
        const v = (row[i] = bits.dot(above, row, r, i));
        if (!v) continue;
        seen.add(v);
        dots.push(-180 + ((i + (r % 2) / 2) * 360) / row.length, lat, v - 1);
      }
      this.rows.push((above = row));
    }
    for (let i = 0; i < this.codes.length; i++) {
      if (!seen.has(i + 1)) dots.push(bits.number(12) / 10 - 180, bits.number(11) / 10 - 90, i);
    }
    this.dots = Float32Array.from(dots);
  }
}
