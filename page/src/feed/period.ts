// Periods of the feed, their lengths and the names of their objects. All
// moments are whole seconds since 1970 (UTC) unless a name says ms.

export type Period = "10s" | "1m" | "1h" | "1d" | "all";

/** Length of a period in seconds; "all" has none. */
export const LENGTH: Record<Period, number> = { "10s": 10, "1m": 60, "1h": 3600, "1d": 86400, all: 0 };

/** Length of one step of a period's beat in seconds. */
export const STEP: Record<Period, number> = { "10s": 1, "1m": 1, "1h": 60, "1d": 60, all: 0 };

/** Names one snapshot of the feed. */
export interface Key {
  period: Period;
  start: number;
}

export const keyOf = (k: Key): string => k.period + ":" + k.start;

/** Start of the period that holds a moment. */
export function startOf(period: Period, at: number): number {
  const length = LENGTH[period];
  return length ? Math.floor(at / length) * length : 0;
}

/** Name of a snapshot's object under v1/, as in 1m/2026/03/24/14/00.json. */
export function objectOf({ period, start }: Key): string {
  if (period === "all") return "all.json";
  const digits = new Date(start * 1000).toISOString().split(/[-T:.Z]/);
  const depth = { "1d": 3, "1h": 4, "1m": 5, "10s": 6 }[period];
  return period + "/" + digits.slice(0, depth).join("/") + ".json";
}

/** 2026-03-24 of a moment. */
export const dateOf = (at: number): string => new Date(at * 1000).toISOString().slice(0, 10);
