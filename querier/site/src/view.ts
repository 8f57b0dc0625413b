// A view of the dashboard: what its controls say, what its address says, and
// the question that it asks.

import type { Kind } from "./chart/shape";
import type { Cell, Keys, Question } from "./types";
import { DAY, HOUR, MINUTE } from "./words";

/** One condition: a dimension has, or has not, one of some values. */
export interface Filter {
  dimension: string;
  not: boolean;
  values: Cell[];
}

export interface View {
  keys: string[];
  range: string; // one of RANGES, or "custom"
  from: string; // of a custom range, RFC 3339
  to: string;
  every: string; // "" chooses by the range
  by: string; // "" for none
  filters: Filter[];
  chart: Kind;
  model: string; // the model that the link is about, or ""
}

export const RANGES: Record<string, [name: string, ms: number]> = {
  "1h": ["Last hour", HOUR], "24h": ["Last 24 hours", DAY], "7d": ["Last 7 days", 7 * DAY],
  "30d": ["Last 30 days", 30 * DAY], "1y": ["Last year", 366 * DAY], all: ["All of history", 0],
};

/** Lengths of periods; a month is about that. */
export const EVERY: Record<string, [name: string, ms: number]> = {
  "1m": ["minute", MINUTE], "10m": ["10 minutes", 10 * MINUTE], "1h": ["hour", HOUR],
  "1d": ["day", DAY], "1w": ["week", 7 * DAY], "1mo": ["month", 30 * DAY],
};

/** Most periods in a chart whose period nobody chose. */
const FINE = 400;

export const fresh = (): View => ({ keys: [], range: "24h", from: "", to: "", every: "", by: "", filters: [], chart: "lines", model: "" });

/** Reads a view out of an address's fragment; what makes no sense is left out. */
export function read(hash: string): View {
  const p = new URLSearchParams(hash.replace(/^#/, ""));
  const v = fresh();
  v.keys = p.getAll("key");
  v.by = p.get("by") ?? "";
  v.every = p.get("every") ?? "";
  v.model = p.get("model") ?? "";
  const chart = p.get("chart");
  if (chart === "lines" || chart === "bars" || chart === "map") v.chart = chart;
  const [from, to] = [p.get("from") ?? "", p.get("to") ?? ""];
  if (Date.parse(from) < Date.parse(to)) [v.range, v.from, v.to] = ["custom", from, to];
  else if (RANGES[p.get("range") ?? ""]) v.range = p.get("range")!;
  for (const name of ["is", "not"]) {
    for (const text of p.getAll(name)) v.filters.push(...filter(text, name === "not"));
  }
  return v;
}

function filter(text: string, not: boolean): Filter[] {
  try {
    const [dimension, ...values] = JSON.parse(text) as [string, ...Cell[]];
    const right = values.every((x) => x === null || ["string", "number", "boolean"].includes(typeof x));
    return typeof dimension === "string" && right && values.length ? [{ dimension, not, values }] : [];
  } catch {
    return [];
  }
}

/** The fragment that says a view. */
export function write(v: View): string {
  const p = new URLSearchParams();
  if (v.model) p.set("model", v.model);
  else v.keys.forEach((k) => p.append("key", k));
  if (v.range === "custom") {
    p.set("from", v.from);
    p.set("to", v.to);
  } else p.set("range", v.range);
  if (v.every) p.set("every", v.every);
  if (v.by) p.set("by", v.by);
  for (const f of v.filters) p.append(f.not ? "not" : "is", JSON.stringify([f.dimension, ...f.values]));
  p.set("chart", v.chart);
  return "#" + p.toString();
}

/** The span of a view, from the first moment to the one after the last, in ms. */
export function span(v: View, keys: Keys): [number, number] {
  const first = Date.parse(keys.from ?? "") || 0;
  const end = Date.parse(keys.until ?? keys.to ?? "") || Date.now();
  if (v.range === "custom") return [Date.parse(v.from), Date.parse(v.to)];
  const ms = RANGES[v.range][1];
  return [ms ? Math.max(first, end - ms) : first, end];
}

/** The period of a chart over a span, at most some hundred of them. */
export function every(v: View, keys: Keys): string {
  const known = keys.every ?? Object.keys(EVERY);
  if (v.every && known.includes(v.every)) return v.every;
  const [from, to] = span(v, keys);
  return known.find((e) => EVERY[e] && (to - from) / EVERY[e][1] <= FINE) ?? known[known.length - 1];
}

const stamp = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");

/** Whole periods, so that no first or last one looks emptier than it was; at least one. */
function whole(from: number, to: number, period: string): [string, string] {
  const ms = Math.min(EVERY[period]?.[1] ?? MINUTE, DAY);
  const first = Math.floor(from / ms);
  const last = to - first * ms > 3 * ms ? Math.floor(to / ms) : Math.ceil(to / ms);
  return [stamp(first * ms), stamp(Math.max(last, first + 1) * ms)];
}

/** The question that a view asks. */
export function question(v: View, keys: Keys): Question {
  const period = every(v, keys);
  const [a, b] = span(v, keys);
  const [from, to] = v.chart === "lines" ? whole(a, b, period) : [stamp(Math.floor(a / MINUTE) * MINUTE), stamp(Math.ceil(b / MINUTE) * MINUTE)];
  const q: Question = { keys: v.keys, from, to };
  const where: Record<string, unknown> = {};
  const not: Record<string, unknown> = {};
  for (const f of v.filters) {
    const side = f.not ? not : where;
    const values = [...((side[f.dimension] as Cell[] | undefined) ?? []), ...f.values];
    side[f.dimension] = values;
  }
  for (const side of [where, not]) {
    for (const [k, values] of Object.entries(side)) if ((values as Cell[]).length === 1) side[k] = (values as Cell[])[0];
  }
  if (Object.keys(not).length) where.not = not;
  if (Object.keys(where).length) q.where = where;
  const by = v.chart === "map" && v.by !== "cell" ? "country" : v.by;
  if (v.chart === "lines") q.every = period;
  if (by) q.by = [by];
  if (v.chart === "lines" && by) q.limit = 8;
  if (v.chart === "bars" && by) [q.order, q.limit] = ["-n", 100];
  return q;
}
