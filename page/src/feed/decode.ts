// The decoder: from JSON that nobody vouches for to values the page can trust.
// Whatever it returns is complete, in range and consistent; whatever is not
// makes it throw a DecodeError. Fields it does not know are ignored.

import { LENGTH, STEP, type Period } from "./period";

export class DecodeError extends Error {}

/** The counts of one type in one period. */
export interface Counts {
  n: number;
  unlocated: number;
  beat: number[]; // empty in "all"
  cells: Uint32Array; // ascending
  counts: Float64Array; // parallel to cells, each ≥ 1
  continents: Map<string, number>;
  countries: Map<string, number>;
  regions: Map<string, number>;
  days: Map<string, number>; // only in "all"
}

/** One published period. */
export interface Snapshot {
  period: Period;
  start: number; // 0 in "all"
  grid: number; // degrees
  types: Map<string, Counts>;
}

export type FeedStatus = "live" | "paused" | "ended" | "recovering";

/** The heartbeat of the feed. */
export interface Latest {
  feed: string;
  seq: number;
  published: number;
  status: FeedStatus;
  first: number | null;
  grid: number;
  delay: number;
  newest: Map<Period, number>;
  recent: number[]; // ascending starts of 10s snapshots
  totals: Map<string, number>;
  geoip: string;
  attribution: string;
  message: string;
}

const TYPE = /^[a-z0-9][a-z0-9:_-]{0,31}$/;
const CONTINENT = /^[A-Z]{2}$/;
const REGION = /^[A-Z]{2}-[A-Z0-9]{1,3}$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const MOST_TYPES = 32;

type Fields = Record<string, unknown>;

function fail(what: string): never {
  throw new DecodeError(what);
}

function object(v: unknown, what: string): Fields {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Fields) : fail(what + ": no object");
}

function list(v: unknown, most: number, what: string): unknown[] {
  return Array.isArray(v) && v.length <= most ? v : fail(what + ": no list");
}

function count(v: unknown, what: string): number {
  return typeof v === "number" && Number.isSafeInteger(v) && v >= 0 ? v : fail(what + ": no count");
}

function moment(v: unknown, what: string): number {
  const ms = typeof v === "string" && MOMENT.test(v) ? Date.parse(v) : NaN;
  return ms >= 0 ? ms / 1000 : fail(what + ": no moment");
}

function text(v: unknown, most: number): string {
  return typeof v === "string" ? v.slice(0, most) : "";
}

function grid(v: unknown): number {
  if (typeof v !== "number" || !(v >= 0.01 && v <= 180)) fail("grid");
  const side = Math.round(v * 10000);
  return 1800000 % side === 0 ? v : fail("grid");
}

function table(v: unknown, code: RegExp, what: string): Map<string, number> {
  const out = new Map<string, number>();
  for (const [k, n] of Object.entries(object(v ?? {}, what))) {
    if (code.test(k)) out.set(k, count(n, what));
  }
  return out;
}

/** Columns and rows of a grid. */
export function gridSize(degrees: number): { cols: number; rows: number } {
  const side = Math.round(degrees * 10000);
  return { cols: 3600000 / side, rows: 1800000 / side };
}

function cells(o: Fields, size: number): { cells: Uint32Array; counts: Float64Array; located: number } {
  const steps = list(o.cells, size, "cells");
  const counts = list(o.counts, size, "counts");
  if (steps.length !== counts.length) fail("cells: length");
  const ids = new Uint32Array(steps.length);
  const ns = new Float64Array(steps.length);
  let id = 0;
  let located = 0;
  for (let i = 0; i < steps.length; i++) {
    const step = count(steps[i], "cells");
    id += step;
    if (id >= size || (i > 0 && step === 0)) fail("cells: order");
    ids[i] = id;
    ns[i] = count(counts[i], "counts");
    located += ns[i];
  }
  return { cells: ids, counts: ns, located };
}

function beat(v: unknown, period: Period, n: number): number[] {
  if (period === "all") return [];
  const length = LENGTH[period] / STEP[period];
  const out = list(v, length, "beat").map((x) => count(x, "beat"));
  if (out.length !== length) fail("beat: length");
  if (out.reduce((a, b) => a + b, 0) !== n) fail("beat: sum");
  return out;
}

function countsOf(v: unknown, period: Period, size: number): Counts {
  const o = object(v, "type");
  const n = count(o.n, "n");
  const unlocated = count(o.unlocated ?? 0, "unlocated");
  const { located, ...where } = cells(o, size);
  if (located + unlocated !== n) fail("cells: sum");
  return {
    n,
    unlocated,
    beat: beat(o.beat, period, n),
    ...where,
    continents: table(o.continents, CONTINENT, "continents"),
    countries: table(o.countries, CONTINENT, "countries"),
    regions: table(o.regions, REGION, "regions"),
    days: table(o.days, DATE, "days"),
  };
}

/** Decodes a snapshot and checks that it is the one that was asked for. */
export function decodeSnapshot(json: unknown, period: Period, start: number): Snapshot {
  const o = object(json, "snapshot");
  if (o.v !== 1) fail("version");
  if (o.period !== period) fail("period");
  if (period !== "all" && moment(o.start, "start") !== start) fail("start");
  const degrees = grid(o.grid);
  const { cols, rows } = gridSize(degrees);
  const types = new Map<string, Counts>();
  for (const [type, v] of Object.entries(object(o.types, "types"))) {
    if (TYPE.test(type) && types.size < MOST_TYPES) types.set(type, countsOf(v, period, cols * rows));
  }
  return { period, start: period === "all" ? 0 : start, grid: degrees, types };
}

/** Decodes latest.json. */
export function decodeLatest(json: unknown): Latest {
  const o = object(json, "latest");
  if (o.v !== 1) fail("version");
  const status = o.status as FeedStatus;
  if (!["live", "paused", "ended", "recovering"].includes(status)) fail("status");
  const newest = new Map<Period, number>();
  for (const [p, v] of Object.entries(object(o.newest ?? {}, "newest"))) {
    if (p in LENGTH && p !== "all") newest.set(p as Period, moment(v, "newest"));
  }
  const geoip = object(o.geoip ?? {}, "geoip");
  return {
    feed: text(o.feed, 64),
    seq: count(o.seq, "seq"),
    published: moment(o.published, "published"),
    status,
    first: o.first == null ? null : moment(o.first, "first"),
    grid: grid(o.grid),
    delay: Math.min(count(o.delay, "delay"), 3600),
    newest,
    recent: list(o.recent ?? [], 60, "recent").map((v) => moment(v, "recent")).sort((a, b) => a - b),
    totals: table(o.totals, TYPE, "totals"),
    geoip: text(geoip.type, 40) + (geoip.built ? " " + text(geoip.built, 10) : ""),
    attribution: text(o.attribution, 400),
    message: text(o.message, 400),
  };
}

/** Decodes names.json: region codes and their English names. */
export function decodeNames(json: unknown): Map<string, string> {
  const out = new Map<string, string>();
  for (const [code, name] of Object.entries(object(object(json, "names").regions, "regions"))) {
    if (REGION.test(code) && typeof name === "string") out.set(code, name.slice(0, 80));
  }
  return out;
}
