// The camera: where the viewer looks from. It holds what a link to a frame
// holds, moves smoothly, and makes the View that renderers draw.

import { RAD, type View } from "./project";

/** The part of the flat map that fits, Hawaii to New Zealand: Antarctica and the empty ocean are cut. */
const WEST = -2.46;
const EAST = 2.28;
const NORTH = 1.3;
const SOUTH = -1.02;
export const MIDDLE = [(WEST + EAST) / 2, (NORTH + SOUTH) / 2];

/** Free room around the map, in CSS pixels. */
export interface Insets {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export class Camera {
  morph = 0;
  globe = false; // where the morph goes
  zoom = 1;
  panX = MIDDLE[0];
  panY = MIDDLE[1];
  lon = 10 * RAD;
  lat = 24 * RAD;
  spin = true; // the globe turns by itself
  insets: Insets = { left: 0, right: 0, top: 0, bottom: 0 };
  #width = 1;
  #height = 1;
  #goal: { lon: number; lat: number; panX: number; panY: number; zoom: number } | null = null;

  resize(width: number, height: number): void {
    [this.#width, this.#height] = [width, height];
  }

  #fit(): { w: number; h: number; x: number; y: number; scale: number } {
    const { left, right, top, bottom } = this.insets;
    const w = Math.max(80, this.#width - left - right);
    const h = Math.max(80, this.#height - top - bottom);
    const scale = Math.min(w / (EAST - WEST), h / (NORTH - SOUTH));
    return { w, h, x: left + w / 2, y: top + h / 2, scale };
  }

  /** The view in CSS pixels times ratio. */
  view(ratio: number): View {
    const f = this.#fit();
    return {
      width: this.#width * ratio,
      height: this.#height * ratio,
      scale: f.scale * this.zoom * ratio,
      x: f.x * ratio,
      y: f.y * ratio,
      panX: this.panX,
      panY: this.panY,
      morph: this.morph,
      lon: this.lon,
      lat: this.lat,
      radius: Math.min(f.w, f.h) * 0.47 * this.zoom * ratio,
      globeX: f.x * ratio,
      globeY: f.y * ratio,
    };
  }

  /** Moves on by dt seconds; instantly if the viewer wants less motion. */
  tick(dt: number, calm: boolean): void {
    const to = this.globe ? 1 : 0;
    const step = calm ? 1 : dt / 1.6;
    this.morph += Math.max(-step, Math.min(step, to - this.morph));
    if (this.#goal) this.#approach(calm ? 1 : 1 - Math.exp(-dt * 3));
    else if (this.globe && this.spin && !calm) this.lon += dt * 0.05;
  }

  #approach(part: number): void {
    const g = this.#goal!;
    const turn = ((((g.lon - this.lon + Math.PI) % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI)) - Math.PI;
    this.lon += turn * part;
    this.lat += (g.lat - this.lat) * part;
    this.panX += (g.panX - this.panX) * part;
    this.panY += (g.panY - this.panY) * part;
    this.zoom *= (g.zoom / this.zoom) ** part;
    if (Math.abs(turn) + Math.abs(g.lat - this.lat) < 1e-3 && Math.abs(g.zoom / this.zoom - 1) < 1e-3) this.#goal = null;
  }

  /** Flies to a place: degrees, and where that is on the flat map. */
  flyTo(lon: number, lat: number, plane: number[], zoom: number): void {
    this.#goal = { lon: lon * RAD, lat: lat * RAD, panX: plane[0], panY: plane[1], zoom };
    this.spin = false;
  }

  /** Stays where it is: the viewer's hands are at it. */
  stop(): void {
    this.#goal = null;
  }

  /** Flies back to where everything is seen. */
  reset(): void {
    this.#goal = { lon: this.lon, lat: 24 * RAD, panX: MIDDLE[0], panY: MIDDLE[1], zoom: 1 };
    this.spin = true;
  }
}
