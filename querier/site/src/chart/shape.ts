// From a table to what can be drawn of it: lines over time, ranked bars, a map.

import type { Cell, Table } from "../types";
import { DAY, isMoment, moment, number, title, value } from "../words";

export type Kind = "lines" | "bars" | "map";

export interface Series {
  name: string;
  values: (number | null)[]; // one for each x or label
}

export interface Lines {
  kind: "lines";
  xs: number[]; // times in ms, or hours, weekdays, minutes
  x: string; // the column they come from
  series: Series[];
  open: boolean; // the last period is not over
}

export interface Bars {
  kind: "bars";
  labels: string[];
  series: Series[];
}

export interface Places {
  kind: "map";
  name: string; // whose places they are
  countries: Map<string, number>;
  cells: [number, number][]; // id, value
}

export type Shape = (Lines | Bars | Places) & { note: string };

/** Columns that lie on the axis of lines, best first. */
const AXES = ["time", "date", "week", "month", "hour", "weekday", "minute"];
const DIMENSIONS = [...AXES, "key", "type", "continent", "country", "region", "cell"];
/** Those that are moments. */
export const MOMENTS = AXES.slice(0, 4);
/** How many lines and bars are drawn; the table has them all. */
const LINES = 8;
const BARS = 12;

/** Tells dimensions from values. Moments that are values stand in the table only. */
export function roles(table: Table): { dims: number[]; values: number[] } {
  const dims: number[] = [];
  const values: number[] = [];
  table.columns.forEach((name, i) => {
    if (!DIMENSIONS.includes(name) && table.rows.length > 0 && table.rows.every((r) => isMoment(r[i]))) return;
    const number = table.rows.every((r) => r[i] === null || typeof r[i] === "number");
    (number && !DIMENSIONS.includes(name) && table.rows.some((r) => r[i] !== null) ? values : dims).push(i);
  });
  if (values.length === 0 && dims.length > 0) values.push(dims.pop()!); // all of it unknown
  return { dims, values };
}

/** What a table can be drawn as, best first. */
export function kinds(table: Table): Kind[] {
  const out: Kind[] = ["bars"];
  const x = axis(table);
  if (x >= 0) out[table.rows.some((r) => r[x] !== table.rows[0][x]) ? "unshift" : "push"]("lines"); // one moment is no line
  if (table.columns.some((c) => c === "country" || c === "cell")) out.push("map");
  return out;
}

function axis(table: Table): number {
  return AXES.map((a) => table.columns.indexOf(a)).find((i) => i >= 0) ?? -1;
}

/** The place of a value on an axis. */
function place(v: Cell): number {
  return typeof v === "number" ? v : Date.parse(String(v));
}

/** What is to be drawn of a table; which is the key whose map is wanted. */
export function shape(table: Table, kind: Kind, column = -1, which = ""): Shape {
  const { dims, values } = roles(table);
  const at = values.includes(column) ? column : values[0];
  if (kind === "lines" && axis(table) >= 0) return lines(table, dims, at);
  const { rows, note } = newest(table, dims);
  const short = { columns: table.columns, rows };
  const own = dims.filter((i) => !MOMENTS.includes(table.columns[i]));
  return kind === "map" ? places(short, at, which, note) : bars(short, own.length ? own : dims, at, note);
}

/** What there is to see, in words: the tops of lines, the first of what is ranked. */
export function told(s: Shape): string {
  if (s.kind === "lines") return s.series.slice(0, 3).map((l) => top(l, s)).join(" ") + (s.series.length > 3 ? ` And ${s.series.length - 3} more.` : "");
  const ranked = s.kind === "bars" ? s.labels.map((name, i): [string, number | null] => [name, s.series[0]?.values[i] ?? null])
    : [...s.countries].sort((a, b) => b[1] - a[1]).map(([code, n]): [string, number | null] => [value("country", code), n]);
  const first = ranked.slice(0, 3).map(([name, n]) => `${name} ${n === null ? "unknown" : number(n)}`).join("; ");
  return (first || `${number(s.kind === "map" ? s.cells.length : 0)} places`) + ".";
}

function top({ name, values }: Series, s: Lines): string {
  let best = -1;
  values.forEach((v, i) => {
    if (v !== null && (best < 0 || v > values[best]!)) best = i;
  });
  if (best < 0) return `${name}: unknown.`;
  const at = MOMENTS.includes(s.x) ? moment(s.xs[best]) : value(s.x, s.xs[best]);
  return `${name}: at most ${number(values[best]!)}, ${at}.`;
}

function label(table: Table, row: Cell[], dims: number[]): string {
  const of = (i: number) => (table.columns[i] === "key" ? title(String(row[i])) : value(table.columns[i], row[i]));
  return dims.map(of).join(" · ");
}

function lines(table: Table, dims: number[], at: number): Shape {
  const x = axis(table);
  const others = dims.filter((i) => i !== x);
  const xs = [...new Set(table.rows.map((r) => place(r[x])))].filter((v) => !Number.isNaN(v)).sort((a, b) => a - b);
  const index = new Map(xs.map((v, i) => [v, i]));
  const all = new Map<string, Series & { sum: number }>();
  for (const row of table.rows) {
    const i = index.get(place(row[x]));
    if (i === undefined) continue;
    const name = label(table, row, others) || title(table.columns[at]);
    let s = all.get(name);
    if (!s) all.set(name, (s = { name, values: new Array(xs.length).fill(null), sum: 0 }));
    const v = row[at];
    if (typeof v === "number") {
      s.values[i] = (s.values[i] ?? 0) + v;
      s.sum += Math.abs(v);
    }
  }
  const ranked = [...all.values()].sort((a, b) => b.sum - a.sum);
  const keys = others.every((i) => table.columns[i] === "key"); // in the order asked
  const most = ranked.length > LINES ? `The ${LINES} largest of ${ranked.length}. ` : "";
  const open = unfinished(xs, table.columns[x], table.until);
  const note = most + (open ? `The last ${UNITS[table.columns[x]] ?? "period"} is not over yet.` : "");
  return { kind: "lines", xs, x: table.columns[x], series: keys ? [...all.values()].slice(0, LINES) : ranked.slice(0, LINES), open, note };
}

const UNITS: Record<string, string> = { date: "day", week: "week", month: "month" };

/** Tells if the last of some periods ends after all that is known. */
function unfinished(xs: number[], column: string, until?: string | null): boolean {
  const known = Date.parse(until ?? "");
  if (!MOMENTS.includes(column) || Number.isNaN(known) || xs.length === 0) return false;
  const last = xs[xs.length - 1];
  let long: number = { date: DAY, week: 7 * DAY, month: 28 * DAY }[column] ?? Infinity;
  for (let i = 1; i < xs.length; i++) long = Math.min(long, xs[i] - xs[i - 1]);
  return last <= known && last + long > known && long < Infinity;
}

/** The rows of the newest time or date, as sums over time would not do for averages. */
function newest(table: Table, dims: number[]): { rows: Cell[][]; note: string } {
  const x = dims.find((i) => MOMENTS.includes(table.columns[i]));
  if (x === undefined || dims.length === 1) return { rows: table.rows, note: "" };
  const { values } = roles(table);
  let last: Cell = null;
  for (const r of table.rows) {
    if (values.some((i) => r[i] !== null) && (last === null || String(r[x]) > String(last))) last = r[x];
  }
  const open = last !== null && unfinished([place(last)], table.columns[x], table.until);
  return { rows: table.rows.filter((r) => r[x] === last), note: last === null ? "" : `The newest: ${value("time", last)}${open ? ", not over yet" : ""}.` };
}

function bars(table: Table, dims: number[], at: number, note: string): Shape {
  const key = dims.length > 1 ? dims.find((i) => table.columns[i] === "key") : undefined;
  const others = dims.filter((i) => i !== key);
  const names: string[] = [];
  const rows = new Map<string, { sum: number; order: number; by: Map<string, number> }>();
  for (const row of table.rows) {
    const v = row[at];
    if (typeof v !== "number") continue;
    const name = key === undefined ? title(table.columns[at]) : title(String(row[key]));
    if (!names.includes(name)) names.push(name);
    const text = label(table, row, others);
    let r = rows.get(text);
    if (!r) rows.set(text, (r = { sum: 0, order: place(row[others[0]]), by: new Map() }));
    r.by.set(name, (r.by.get(name) ?? 0) + v);
    r.sum += v;
  }
  const ordered = others.length === 1 && AXES.includes(table.columns[others[0]]);
  const sorted = [...rows].sort(([, a], [, b]) => (ordered ? a.order - b.order : b.sum - a.sum));
  const most = ordered ? 31 : BARS;
  const shown = sorted.slice(0, most);
  const rest = sorted.length > most ? `The ${ordered ? "first" : "largest"} ${most} of ${number(sorted.length)}. ` : "";
  return {
    kind: "bars", labels: shown.map(([text]) => text), note: rest + note,
    series: names.map((name) => ({ name, values: shown.map(([, r]) => r.by.get(name) ?? null) })),
  };
}

function places(table: Table, at: number, which: string, note: string): Shape {
  const [key, country, cell] = ["key", "country", "cell"].map((c) => table.columns.indexOf(c));
  const name = key < 0 ? "" : which || String(table.rows[0]?.[key] ?? "");
  const countries = new Map<string, number>();
  const cells = new Map<number, number>();
  for (const row of table.rows) {
    const v = row[at];
    if (typeof v !== "number" || (key >= 0 && row[key] !== name)) continue;
    if (cell >= 0 && row[cell] !== null) cells.set(Number(row[cell]), (cells.get(Number(row[cell])) ?? 0) + v);
    else if (country >= 0 && row[country] !== null) countries.set(String(row[country]), (countries.get(String(row[country])) ?? 0) + v);
  }
  return { kind: "map", name, countries, cells: [...cells], note };
}
