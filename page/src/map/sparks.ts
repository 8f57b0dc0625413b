// The sparks on screen, as one array that both renderers draw from. A chunk is
// the sparks of one snapshot; chunks are appended in the order in which they
// come and thrown out together when there is no room.

import { births, JITTER } from "../feed/births";
import { gridSize, type Snapshot } from "../feed/decode";
import { LENGTH } from "../feed/period";

/** How long a spark glows, in seconds of the viewer's time. */
export const LIFE = 4;
/** Numbers per spark: longitude, latitude, birth, kind, weight. */
export const STRIDE = 5;
/** Most sparks held. */
export const CAPACITY = 160_000;

interface Chunk {
  from: number;
  to: number;
  start: number; // seconds
  end: number;
}

/** Anything that wants to know which sparks are new. */
export type Upload = (from: number, to: number) => void;

export class Sparks {
  readonly data = new Float32Array(CAPACITY * STRIDE);
  count = 0;
  /** Births are in seconds after this moment, which keeps them exact. */
  base = 0;
  upload: Upload = () => {};
  #chunks = new Map<string, Chunk>();

  /** kinds gives each type its place in the palette; 0 is the main one. */
  constructor(private kinds: (type: string) => number) {}

  has(key: string): boolean {
    return this.#chunks.has(key);
  }

  /** Whether there is too much of them, or of what has long gone out. */
  get full(): boolean {
    return this.count > 120_000 || this.#chunks.size > 150;
  }

  clear(): void {
    this.#chunks.clear();
    this.count = 0;
  }

  /** Adds a snapshot's sparks, at most about most of each type. */
  add(key: string, s: Snapshot, most: number): void {
    if (this.count === 0) this.base = s.start;
    const from = this.count;
    for (const [type, counts] of s.types) {
      const b = births(s.period, s.start, type, counts, most);
      const n = Math.min(b.n, CAPACITY - this.count);
      this.#append(s, n, b, this.kinds(type));
    }
    this.#chunks.set(key, { from, to: this.count, start: s.start, end: s.start + LENGTH[s.period] });
    this.upload(from, this.count);
  }

  #append(s: Snapshot, n: number, b: ReturnType<typeof births>, kind: number): void {
    const { cols, rows } = gridSize(s.grid);
    const { data } = this;
    const late = s.start - this.base;
    let o = this.count * STRIDE;
    for (let i = 0; i < n; i++) {
      const row = Math.floor(b.cell[i] / cols);
      data[o++] = -180 + ((b.cell[i] % cols) + 0.5 + (b.dx[i] / 255) * JITTER) * s.grid;
      data[o++] = -90 + (rows - 1 - row + 0.5 + (b.dy[i] / 255) * JITTER) * s.grid;
      data[o++] = late + b.ms[i] / 1000;
      data[o++] = kind;
      data[o++] = b.weight;
    }
    this.count += n;
  }

  /** Makes room: keeps only what is between two moments, and starts afresh with it. */
  keep(from: number, to: number): void {
    const kept = [...this.#chunks].filter(([, c]) => c.end >= from && c.start <= to);
    const shift = Math.floor(from) - this.base;
    let at = 0;
    this.#chunks = new Map();
    for (const [key, c] of kept.sort((a, b) => a[1].from - b[1].from)) {
      this.data.copyWithin(at * STRIDE, c.from * STRIDE, c.to * STRIDE);
      this.#chunks.set(key, { ...c, from: at, to: at + c.to - c.from });
      at += c.to - c.from;
    }
    for (let i = 0; i < at; i++) this.data[i * STRIDE + 2] -= shift;
    this.base += shift;
    this.count = at;
    this.upload(0, at);
  }

  /** The stretch of the array that has all sparks alive between two moments. */
  range(from: number, to: number): [number, number] {
    let first = Infinity;
    let last = 0;
    for (const c of this.#chunks.values()) {
      if (c.end < from || c.start > to || c.from === c.to) continue;
      first = Math.min(first, c.from);
      last = Math.max(last, c.to);
    }
    return first < last ? [first, last] : [0, 0];
  }
}
