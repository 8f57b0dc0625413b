// The units that tests call by name from Go.

import { births, hashBirths } from "../src/feed/births";
import { decodeSnapshot } from "../src/feed/decode";
import type { Period } from "../src/feed/period";

/** The sparks of a snapshot: a line for each type, as feedtest.Births has it. */
export function birthHashes(json: unknown, period: Period, start: number, most: number): string {
  const { types } = decodeSnapshot(json, period, start);
  return [...types.keys()].sort().map((type) => {
    const b = births(period, start, type, types.get(type)!, most);
    return type + " " + b.n + " " + hashBirths(b) + "\n";
  }).join("");
}

export * from "./fuzz";
export * from "../src/feed/births";
export * from "../src/feed/clock";
export * from "../src/feed/decode";
export * from "../src/feed/gaps";
export * from "../src/feed/period";
export * from "../src/feed/plan";
export * from "../src/feed/player";
export * from "../src/feed/state";
export * from "../src/map/places";
export * from "../src/map/points";
export * from "../src/map/project";
export * from "../src/map/world";
export * from "../src/settings";
