// Numbers, times and names, as people read them. Times are UTC, as the feed's.

import type { Cell } from "./types";

export const query = new URLSearchParams(location.search);

/** The folder of models as files, where there is no querier; null where there is one. */
export const feed = document.querySelector<HTMLMetaElement>("meta[name=glow-feed]")?.content ?? query.get("feed");

/** The language of numbers, dates and names; the texts are English. */
export const lang = valid(query.get("lang")) ?? valid(navigator.language) ?? "en";

function valid(tag: string | null): string | null {
  try {
    return tag ? Intl.getCanonicalLocales(tag)[0] : null;
  } catch {
    return null;
  }
}

const UTC = { timeZone: "UTC" } as const;
const whole = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
const part = new Intl.NumberFormat(lang, { maximumSignificantDigits: 3 });
const short = new Intl.NumberFormat(lang, { notation: "compact", maximumSignificantDigits: 3 });
const day = new Intl.DateTimeFormat(lang, { ...UTC, day: "numeric", month: "short", year: "numeric" });
const dayOnly = new Intl.DateTimeFormat(lang, { ...UTC, day: "numeric", month: "short" });
const month = new Intl.DateTimeFormat(lang, { ...UTC, month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat(lang, { ...UTC, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = new Intl.DateTimeFormat(lang, { ...UTC, weekday: "long" });
const countries = new Intl.DisplayNames([lang], { type: "region" });

const CONTINENTS: Record<string, string> = {
  AF: "Africa", AN: "Antarctica", AS: "Asia", EU: "Europe", NA: "North America", OC: "Oceania", SA: "South America",
};
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const number = (n: number): string => (Number.isInteger(n) || Math.abs(n) >= 1000 ? whole : part).format(n);
export const brief = (n: number): string => (Math.abs(n) < 1000 ? part : short).format(n);
export const date = (ms: number): string => day.format(ms);

/** A moment, as exact as need be: 24 Mar 2026, 14:05 UTC. */
export function moment(ms: number): string {
  return ms % DAY === 0 ? date(ms) : `${date(ms)}, ${clock.format(ms)} UTC`;
}

/** A tick of a time axis whose ticks are step ms apart. */
export function tick(ms: number, step: number): string {
  if (step >= 28 * DAY) return month.format(ms);
  return ms % DAY === 0 ? dayOnly.format(ms) : clock.format(ms);
}

/** How long ago something was. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - ms) / 1000));
  const rtf = new Intl.RelativeTimeFormat("en");
  if (seconds < 90) return rtf.format(-seconds, "second");
  if (seconds < 5400) return rtf.format(-Math.round(seconds / 60), "minute");
  return seconds < 129600 ? rtf.format(-Math.round(seconds / 3600), "hour") : rtf.format(-Math.round(seconds / 86400), "day");
}

/** Tells if a value is a moment as RFC 3339 has it. */
export const isMoment = (v: Cell): boolean => typeof v === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(v);

const pad = (n: number) => String(n).padStart(2, "0");

/** What would turn texts round, or would not be seen at all. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text as it can be shown beside others. */
const plain = (s: string): string => (s.trim() === "" ? `“${s}”` : s).replaceAll(HIDDEN, "\ufffd");

/** A value of a dimension; codes get names, and unknown is said. */
export function value(dimension: string, v: Cell): string {
  return plain(named(dimension, v));
}

function named(dimension: string, v: Cell): string {
  if (v === null) return "unknown";
  if (v === "OTHER") return "Other";
  if (typeof v === "boolean") return v ? "yes" : "no";
  switch (dimension) {
    case "time":
    case "date":
    case "week":
    case "month":
      return Number.isNaN(Date.parse(String(v))) ? String(v) : moment(Date.parse(String(v)));
    case "country":
      return country(String(v));
    case "region": // a code of the country and one of its own
      return /^[A-Z]{2}-/.test(String(v)) ? `${v}, ${country(String(v).slice(0, 2))}` : String(v);
    case "continent":
      return CONTINENTS[String(v)] ?? String(v);
    case "key":
    case "type":
      return title(String(v));
    case "hour":
      return pad(Number(v)) + ":00";
    case "minute":
      return pad(Math.floor(Number(v) / 60)) + ":" + pad(Number(v) % 60);
    case "weekday":
      return weekday.format(Date.UTC(2026, 2, 22 + (Number(v) % 7))); // 22 March 2026 is a Sunday
  }
  if (isMoment(v)) return moment(Date.parse(String(v)));
  return typeof v === "number" ? number(v) : v;
}

export function country(code: string): string {
  try {
    return countries.of(code) ?? code;
  } catch {
    return code;
  }
}

/** From one day to another, as short as it can be: Mar 22 – 31, 2026. */
export const dates = (from: number, to: number): string => (from <= to ? day.formatRange(from, to) : "");

/** The title of a key, a column or a model: share:twitter → Share: Twitter. */
export function title(s: string): string {
  if (s === "n") return "Events";
  const word = (w: string) => w.charAt(0).toUpperCase() + w.slice(1).replaceAll(/[-_]/g, " ");
  return plain(s.split(":").map(word).join(": "));
}
