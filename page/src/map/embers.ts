// Embers: how much happened in each cell during the last hour. They fade as
// time goes by and are fed by hours when the page opens or jumps, and by minutes
// from then on.

import { gridSize, type Snapshot } from "../feed/decode";
import type { Embers } from "./renderer";

export class EmberField {
  #heat = new Map<number, number>();
  #shown = new Map<number, number>();
  #grid = 0.5;

  /** Starts afresh. */
  clear(): void {
    this.#heat.clear();
  }

  /** Adds a part of a snapshot's counts. */
  add(s: Snapshot, part: number): void {
    if (part <= 0) return;
    if (s.grid !== this.#grid) this.#heat.clear();
    this.#grid = s.grid;
    for (const c of s.types.values()) {
      for (let i = 0; i < c.cells.length; i++) {
        this.#heat.set(c.cells[i], (this.#heat.get(c.cells[i]) ?? 0) + c.counts[i] * part);
      }
    }
  }

  /** Cools everything by a factor; what is cold goes. */
  cool(factor: number): void {
    for (const [cell, heat] of this.#heat) {
      if (heat * factor < 0.05) this.#heat.delete(cell);
      else this.#heat.set(cell, heat * factor);
    }
  }

  /**
   * What to draw: from what was drawn last to what is now. Heat is relative to
   * a busy cell's, so that a quiet site glows too.
   */
  draw(): Embers {
    const busy = this.#busy();
    const { cols, rows } = gridSize(this.#grid);
    const now = new Map<number, number>();
    for (const [cell, heat] of this.#heat) now.set(cell, heat / busy);
    const cells = new Set([...this.#shown.keys(), ...now.keys()]);
    const data = new Float32Array(cells.size * 4);
    let o = 0;
    for (const cell of cells) {
      data[o++] = -180 + ((cell % cols) + 0.5) * this.#grid;
      data[o++] = -90 + (rows - 1 - Math.floor(cell / cols) + 0.5) * this.#grid;
      data[o++] = this.#shown.get(cell) ?? 0;
      data[o++] = now.get(cell) ?? 0;
    }
    this.#shown = now;
    return { n: cells.size, data };
  }

  #busy(): number {
    if (this.#heat.size === 0) return 1;
    const sorted = [...this.#heat.values()].sort((a, b) => a - b);
    return Math.max(0.15, sorted[Math.floor(sorted.length * 0.9)] / 12);
  }
}
