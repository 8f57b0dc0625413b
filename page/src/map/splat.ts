// The renderer for machines without a GPU: light is added up in typed arrays at
// half the resolution, bloomed, tone-mapped by a table and laid over the ground,
// which is drawn at full resolution and only when the view has changed.

import { Ground, Land } from "./ground";
import { Light, point, ring } from "./light";
import type { Embers, Frame, Renderer } from "./renderer";
import { LIFE, STRIDE, type Sparks } from "./sparks";
import { Points, projector } from "./points";
import type { World } from "./world";

/** Steps of a spark's age that colours are prepared for. */
const AGES = 96;

/** Makes one; the canvas must not have another context. */
export function createSplat(canvas: HTMLCanvasElement): SplatRenderer {
  return new SplatRenderer(canvas.getContext("2d", { alpha: false })!);
}

const step = (a: number, b: number, x: number) => {
  const t = Math.min(1, Math.max(0, (x - a) / (b - a)));
  return t * t * (3 - 2 * t);
};

export class SplatRenderer implements Renderer {
  readonly name = "splat";
  /** Pixels of light per pixel of the canvas. */
  #detail = 0.5;
  #width = 1;
  #height = 1;
  #light = new Light(8, 8);
  #ground = new Ground(1, 1);
  #sparks: Sparks | null = null;
  #embers: Embers = { n: 0, data: new Float32Array(0) };
  #places = new Int32Array(0); // of the sparks; −1 off screen
  #placed: [number, number] = [0, 0];
  #points = new Points(0); // of the sparks
  #glowing = new Points(0); // of the embers
  #drawn = { still: "", places: "" };
  #colours = new Float32Array(8 * AGES * 3);
  #at = new Float32Array(3);

  constructor(private canvas: CanvasRenderingContext2D) {}

  resize(width: number, height: number): void {
    [this.#width, this.#height] = [width, height];
    this.#light = new Light(Math.max(8, Math.round(width * this.#detail)), Math.max(8, Math.round(height * this.#detail)));
    const { dots } = this.#ground;
    this.#ground = new Ground(width, height);
    this.#ground.dots = dots;
    this.#drawn = { still: "", places: "" };
  }

  setWorld(world: World): void {
    this.#ground.dots = new Land(world);
  }

  setSparks(sparks: Sparks): void {
    this.#sparks = sparks;
    const room = sparks.data.length / STRIDE;
    this.#places = new Int32Array(room);
    this.#points = new Points(room);
    sparks.upload = (from, to) => {
      for (let i = from; i < to; i++) this.#points.set(i, sparks.data[i * STRIDE], sparks.data[i * STRIDE + 1]);
      this.#drawn.places = "";
    };
    sparks.upload(0, sparks.count);
  }

  setEmbers(embers: Embers): void {
    this.#embers = embers;
    this.#glowing = new Points(embers.n);
    for (let i = 0; i < embers.n; i++) this.#glowing.set(i, embers.data[i * 4], embers.data[i * 4 + 1]);
    this.#drawn.still = "";
  }

  /** Prepares the colours of every kind at every age; the shader has the same. */
  setPalette(palette: [number, number, number][]): void {
    palette.slice(0, 8).forEach((hue, kind) => {
      for (let i = 0; i < AGES; i++) {
        const age = (i / AGES) * LIFE;
        const energy = step(0, 0.12, age) * Math.exp(-age * 1.25) * step(4, 3, age) * (kind ? 0.9 : 1.5);
        const hot = kind ? [0.95, 1, 1] : [1, 0.93, 0.82];
        for (let k = 0; k < 3; k++) {
          let c = hot[k] + (hue[k] - hot[k]) * (kind ? step(0, 0.4, age) : step(0.05, 0.6, age));
          if (!kind) c += ([1, 0.3, 0.11][k] - c) * step(0.8, 3, age);
          this.#colours[(kind * AGES + i) * 3 + k] = c * energy;
        }
      }
    });
  }

  render(f: Frame): void {
    const view = JSON.stringify(f.view);
    const light = this.#light;
    this.#ground.draw(f, view);
    this.#addEmbers(f, view);
    light.begin();
    this.#addSparks(f, view);
    light.develop(f.exposure);
    const { canvas } = this;
    canvas.globalCompositeOperation = "source-over";
    canvas.drawImage(this.#ground.back.canvas, 0, 0);
    canvas.drawImage(this.#ground.land.canvas, 0, 0);
    canvas.globalCompositeOperation = "lighter";
    canvas.imageSmoothingEnabled = true;
    canvas.imageSmoothingQuality = "medium";
    canvas.drawImage(light.bloom.canvas, 0, 0, this.#width, this.#height);
    canvas.drawImage(light.glow.canvas, 0, 0, this.#width, this.#height);
  }

  /** Says at which pixel of light a point is, or −1. */
  #pixel(f: Frame, points: Points): (i: number) => number {
    const { width, height } = this.#light;
    const place = projector(f.view, points);
    const [at, detail] = [this.#at, this.#detail];
    return (i) => {
      place(i, at);
      const x = (at[0] * detail) | 0;
      const y = (at[1] * detail) | 0;
      const inside = x > 3 && y > 3 && x < width - 4 && y < height - 4 && at[2] > 0.5;
      return inside ? (y * width + x) * 3 : -1;
    };
  }

  /** Embers change seldom: their light is kept. */
  #addEmbers(f: Frame, view: string): void {
    const key = view + f.emberGain + (f.emberMix * 20).toFixed(0);
    if (key === this.#drawn.still) return;
    this.#drawn.still = key;
    const { still, width } = this.#light;
    still.fill(0);
    const { n, data } = this.#embers;
    const pixel = this.#pixel(f, this.#glowing);
    for (let i = 0; i < n; i++) {
      const before = data[i * 4 + 2];
      const heat = Math.log2(1 + before + (data[i * 4 + 3] - before) * f.emberMix);
      const o = heat > 0 ? pixel(i) : -1;
      const v = heat * 0.022 * f.emberGain;
      const t = Math.min(1, v);
      if (o >= 0) point(still, width * 3, o, (0.8 + 0.2 * t) * v, (0.16 + 0.39 * t) * v, (0.1 + 0.08 * t) * v);
    }
  }

  /** Places the sparks again if the view or the sparks have changed. */
  #placeSparks(f: Frame, view: string): void {
    const [from, to] = f.range;
    if (view === this.#drawn.places && from >= this.#placed[0] && to <= this.#placed[1]) return;
    const [places, pixel] = [this.#places, this.#pixel(f, this.#points)];
    for (let i = from; i < to; i++) places[i] = pixel(i);
    this.#drawn.places = view;
    this.#placed = [from, to];
  }

  #addSparks(f: Frame, view: string): void {
    const sparks = this.#sparks;
    if (!sparks || f.gain <= 0) return;
    this.#placeSparks(f, view);
    const { data } = sparks;
    const { data: light, width } = this.#light;
    const [places, colours, row, perAge] = [this.#places, this.#colours, width * 3, AGES / LIFE];
    for (let i = f.range[0]; i < f.range[1]; i++) {
      const o = places[i];
      if (o < 0) continue;
      const age = (f.now - data[i * STRIDE + 2]) / f.speed;
      if (age < 0 || age >= LIFE) continue;
      const kind = data[i * STRIDE + 3];
      const c = (kind * AGES + ((age * perAge) | 0)) * 3;
      const gain = f.gain * Math.sqrt(data[i * STRIDE + 4]);
      const r = colours[c] * gain;
      const g = colours[c + 1] * gain;
      const b = colours[c + 2] * gain;
      point(light, row, o, r, g, b);
      if (kind > 0 && age > 0.2) ring(light, row, o, r * 0.5, g * 0.5, b * 0.5);
    }
  }

  stats(): Record<string, number> {
    return { draws: 0, width: this.#width, height: this.#height };
  }

  coarser(): void {
    this.#detail = Math.max(0.25, this.#detail * 0.75);
  }

  dispose(): void {}
}
