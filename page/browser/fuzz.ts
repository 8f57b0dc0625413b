// Random and damaged JSON for the decoder and for all that counts with what it
// lets through.

import { Archive } from "../src/feed/archive";
import { births, mix } from "../src/feed/births";
import { Counter } from "../src/feed/count";
import { DecodeError, decodeLatest, decodeNames, decodeSnapshot, type Snapshot } from "../src/feed/decode";
import { gaps } from "../src/feed/gaps";
import { LENGTH, type Period } from "../src/feed/period";
import { EmberField } from "../src/map/embers";
import { readSettings } from "../src/settings";

/** A good object of the feed: a period with its start, or one by name. */
export interface Sample {
  name: Period | "latest" | "names" | "settings";
  start: number;
  json: unknown;
}

/** How it went: inputs that were taken and refused, and what went wrong. */
export interface Found {
  taken: number;
  refused: number;
  wrong: string[];
}

const RUBBISH: unknown[] = [
  null, true, 0, -0, -1, 0.5, 1e308, 2 ** 53, 2 ** 53 - 1, 4294967296, "", "\u0000", "no number", "x".repeat(70_000), "2026-03-24T14:00:00Z",
  "9999-99-99T99:99:99Z", [], {}, [[]], [null], { n: 1 }, Array(3000).fill(1), JSON.parse('{"__proto__":{"n":1},"constructor":0}'),
];

/** Makes bad JSON out of good; what it makes depends on the seed alone. */
export class Vandal {
  #n: number;

  constructor(seed: number) {
    this.#n = seed;
  }

  below(n: number): number {
    return mix((this.#n += 0x9e3779b9)) % n;
  }

  /** A value with something in it replaced, lost or doubled. */
  damage(v: unknown, depth = 0): unknown {
    if (typeof v !== "object" || v === null || this.below(7) === 0) return this.#instead(v);
    const copy: Record<string, unknown> | unknown[] = Array.isArray(v) ? [...v] : { ...v };
    const keys = Object.keys(copy);
    const k = keys[this.below(Math.max(1, keys.length))];
    const fields = copy as Record<string, unknown>;
    if (k === undefined || this.below(9) === 0) fields[this.#text()] = this.#instead(v);
    else if (this.below(9) === 0) delete fields[k];
    else fields[k] = this.damage(fields[k], depth + 1);
    return copy;
  }

  #instead(v: unknown): unknown {
    if (typeof v === "number" && this.below(2)) return v + this.below(5) - 2;
    return this.below(6) ? RUBBISH[this.below(RUBBISH.length)] : this.random(0);
  }

  /** Any JSON value. */
  random(depth: number): unknown {
    const kind = this.below(depth > 4 ? 3 : 5);
    if (kind === 0) return RUBBISH[this.below(RUBBISH.length)];
    if (kind === 1) return (this.below(2) ? -1 : 1) * this.below(2 ** 31) * 10 ** (this.below(40) - 20);
    if (kind === 2) return this.#text();
    const size = this.below(6);
    if (kind === 3) return Array.from({ length: size }, () => this.random(depth + 1));
    return Object.fromEntries(Array.from({ length: size }, () => [this.#text(), this.random(depth + 1)]));
  }

  #text(): string {
    const known = ["v", "types", "download", "n", "beat", "cells", "counts", "start", "grid", "feed", "seq", "published", "days", "countries", "DE", "<img src=x onerror=alert(1)>", "toString"];
    return this.below(2) ? known[this.below(known.length)] : String.fromCharCode(...Array.from({ length: this.below(9) }, () => this.below(65536)));
  }

  /** Text with letters changed, lost or cut off; seldom JSON still. */
  scratch(text: string): string {
    for (let times = this.below(3); times >= 0; times--) {
      const at = this.below(text.length + 1);
      const letter = '0123456789-.eE"{}[],:nul '[this.below(25)];
      text = [text.slice(0, at) + letter + text.slice(at + 1), text.slice(0, at) + text.slice(at + 1), text.slice(0, at), text.slice(0, at) + letter + text.slice(at)][this.below(this.below(4) ? 2 : 4)];
    }
    return text;
  }

  /** The text of something bad made out of something good, by any of the ways. */
  bad(good: unknown): string {
    const way = this.below(10);
    if (way === 0) return JSON.stringify(this.random(0));
    if (way < 6) return JSON.stringify(this.damage(good));
    return this.scratch(JSON.stringify(good));
  }
}

/** Gives the feed's reader that many inputs. */
export async function fuzz(samples: Sample[], inputs: number, seed: number): Promise<Found> {
  const vandal = new Vandal(seed);
  const found: Found = { taken: 0, refused: 0, wrong: [] };
  for (let i = 0; i < inputs; i++) {
    const sample = samples[i % samples.length];
    const text = vandal.bad(sample.json);
    try {
      found[(await read(sample, text)) ? "taken" : "refused"]++;
    } catch (e) {
      found.wrong.push(`${sample.name}: ${String(e)}: ${text.slice(0, 300)}`);
    }
  }
  return found;
}

/** Reads one input; false if it was refused as it should be, an exception if not. */
async function read({ name, start }: Sample, text: string): Promise<boolean> {
  if (name in LENGTH) return count(name as Period, start, text);
  try {
    const json: unknown = JSON.parse(text);
    if (name === "settings") readSettings(json);
    else if (name === "names") decodeNames(json);
    else finite(Object.values(decodeLatest(json)).filter((v) => typeof v === "number"));
    return true;
  } catch (e) {
    if (e instanceof DecodeError || e instanceof SyntaxError) return false;
    throw e;
  }
}

/** Gets it as the page does, counts with it, and lights it. */
async function count(period: Period, start: number, text: string): Promise<boolean> {
  globalThis.fetch = async () => new Response(text);
  let archive!: Archive;
  const s = await new Promise<Snapshot | null>((done) => {
    archive = new Archive("", done, () => done(null));
    archive.learn({ published: start + 86400, first: start, recent: [], newest: new Map([[period, start]]) } as never);
    archive.want(period, start);
  });
  const counter = new Counter(archive);
  for (const [type, c] of s?.types ?? []) {
    if (period === "1m") counter.learn(type, start, c.n);
    if (period === "all") continue;
    const b = births(period, start, type, c, 2000);
    finite([b.n, b.weight, ...b.ms.subarray(0, b.n)]);
    if (b.n > 0 && !(Math.max(...b.ms.subarray(0, b.n)) < LENGTH[period] * 1000)) throw new Error("a spark is born after its time");
  }
  for (const type of s ? s.types.keys() : ["download"]) {
    const moments = [start, start + 5.5, start + 60, start + 3599, start + 86400];
    finite(moments.flatMap((at) => [counter.at(type, at), counter.between(type, start, at), counter.minute(type, Math.floor(at / 60) * 60)]).filter((n) => n !== null));
    gaps(moments.map((at) => (counter.knows(type, at) ? counter.minute(type, at) : null)));
  }
  if (!s) return false;
  const embers = new EmberField();
  embers.add(s, 1);
  finite([...embers.draw().data]);
  return true;
}

function finite(numbers: (number | null)[]): void {
  for (const n of numbers) if (!Number.isFinite(n)) throw new Error("a number is " + String(n));
}
