// Births: when and where each spark of a snapshot is born. A snapshot says only
// how many events each cell and each step of the beat had; which belongs to
// which is drawn by hashing, so that every screen draws the same sparks.
//
// The algorithm, in 32-bit integers (the Go test repeats it word for word):
//
//	mix(x)  = murmur3's finalizer
//	seed    = mix(mix(start ^ fnv1a(type)) + cell·0x9E3779B1)
//	of spark k in the cell, h(j) = mix(seed + (3k+j)·0x9E3779B9), j = 1, 2, 3:
//	  the step of the beat is that of event number ⌊h(1)·n / 2³²⌋,
//	  within it ⌊(h(2) >> 16)·step ms / 65536⌋ ms,
//	  and its place the cell's centre moved by two sums of two bytes of h(3).
//
// If a snapshot has more located events than sparks are wanted, every spark
// stands for w of them: a cell of c has ⌊c/w⌋, and one more with the
// probability of the rest.

import { STEP, type Period } from "./period";
import type { Counts } from "./decode";

/** Sparks as columns. */
export interface Births {
  n: number;
  weight: number; // events that each spark stands for
  cell: Uint32Array;
  ms: Uint32Array; // after the period's start
  dx: Int16Array; // −255…255, 255 being JITTER cells east
  dy: Int16Array; // likewise north
}

/** How far a spark strays from its cell's centre, in cells. */
export const JITTER = 0.75;

const TWO32 = 4294967296;

export function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export function fnv1a(s: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < s.length; i++) h = Math.imul(h ^ s.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Sums of a beat before each step, and at the end. */
export function cumulate(beat: number[]): Float64Array {
  const sums = new Float64Array(beat.length + 1);
  for (let i = 0; i < beat.length; i++) sums[i + 1] = sums[i] + beat[i];
  return sums;
}

/** The step that event number x of a cumulated beat falls into. */
function stepOf(sums: Float64Array, x: number): number {
  let lo = 0;
  let hi = sums.length - 1;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if (sums[mid] <= x) lo = mid;
    else hi = mid;
  }
  return lo;
}

/** Draws the births of one type of a snapshot, about most of them at most. */
export function births(period: Period, start: number, type: string, c: Counts, most: number): Births {
  const located = c.n - c.unlocated;
  const weight = Math.max(1, Math.ceil(located / most));
  const room = Math.floor(located / weight) + c.cells.length;
  const out: Births = {
    n: 0,
    weight,
    cell: new Uint32Array(room),
    ms: new Uint32Array(room),
    dx: new Int16Array(room),
    dy: new Int16Array(room),
  };
  const sums = cumulate(c.beat);
  const base = mix(start ^ fnv1a(type));
  const stepMs = STEP[period] * 1000;
  for (let i = 0; i < c.cells.length; i++) {
    const seed = mix(base + Math.imul(c.cells[i], 0x9e3779b1));
    const rest = c.counts[i] % weight;
    const sparks = Math.floor(c.counts[i] / weight) + (seed % weight < rest ? 1 : 0);
    for (let k = 0; k < sparks; k++) {
      const h1 = mix(seed + Math.imul(3 * k + 1, 0x9e3779b9));
      const h2 = mix(seed + Math.imul(3 * k + 2, 0x9e3779b9));
      const h3 = mix(seed + Math.imul(3 * k + 3, 0x9e3779b9));
      const at = out.n++;
      out.cell[at] = c.cells[i];
      out.ms[at] = stepOf(sums, Math.floor((h1 * c.n) / TWO32)) * stepMs + Math.floor(((h2 >>> 16) * stepMs) / 65536);
      out.dx[at] = (h3 & 255) + ((h3 >>> 8) & 255) - 255;
      out.dy[at] = ((h3 >>> 16) & 255) + (h3 >>> 24) - 255;
    }
  }
  return out;
}

/** A 32-bit hash of a list of births, to compare two implementations. */
export function hashBirths(b: Births): number {
  let h = 0x811c9dc5;
  const add = (v: number) => {
    h = Math.imul(h ^ (v >>> 0), 0x01000193);
    h ^= h >>> 15;
  };
  for (let i = 0; i < b.n; i++) {
    add(b.cell[i]);
    add(b.ms[i]);
    add(b.dx[i]);
    add(b.dy[i]);
  }
  add(b.weight);
  return h >>> 0;
}
