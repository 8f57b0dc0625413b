// The plan: which snapshots the sparks of a moment come from. Pure, so that it
// can be tested.

import { LENGTH, startOf, type Key, type Period } from "./period";

/** The finest grain that a speed can be fed with. */
export function grain(speed: number, tens: boolean): Period {
  if (speed > 60) return "1h";
  return tens && speed <= 5 ? "10s" : "1m";
}

/**
 * The snapshots whose sparks are alive at a moment, those to come last. life is
 * how long a spark glows in seconds of the feed's time; ahead is how far to
 * look ahead: 0 when live, since a 10s snapshot is fetched only once its start
 * is delay ago.
 */
export function plan(period: Period, at: number, life: number, ahead: number): Key[] {
  const keys: Key[] = [];
  const last = startOf(period, at + ahead);
  for (let start = startOf(period, at - life); start <= last; start += LENGTH[period]) keys.push({ period, start });
  return keys;
}

/** The most sparks to draw of one snapshot, so that about 100,000 are alive. */
export function most(period: Period, life: number): number {
  return Math.max(2000, Math.floor(90_000 / Math.max(1, life / LENGTH[period] + 1)));
}
