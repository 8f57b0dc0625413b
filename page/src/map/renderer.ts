// What every renderer can do; the scene does not care which one it has.

import type { View } from "./project";
import type { Sparks } from "./sparks";
import type { World } from "./world";

/** One frame. */
export interface Frame {
  view: View;
  now: number; // seconds after sparks.base
  speed: number; // of the playhead: a spark of age a was born a·speed ago
  range: [number, number]; // of the sparks
  sun: [number, number];
  selected: number; // country, or −1
  exposure: number;
  gain: number; // of the sparks; 0 draws none
  emberGain: number;
  emberMix: number; // 0…1 from the embers before to those after
}

/** Embers as columns: longitude, latitude, heat before, heat after. */
export interface Embers {
  n: number;
  data: Float32Array;
}

export interface Renderer {
  readonly name: string;
  resize(width: number, height: number, ratio: number): void;
  setWorld(world: World): void;
  setSparks(sparks: Sparks): void;
  setEmbers(embers: Embers): void;
  setPalette(colours: [number, number, number][]): void;
  render(frame: Frame): void;
  /** Draw calls and objects of the last frame, for the budgets. */
  stats(): Record<string, number>;
  /** Draws less finely from the next resize on. */
  coarser?(): void;
  dispose(): void;
}
