// The renderer for machines without a GPU: light is added up in typed arrays at
// half the resolution, bloomed, tone-mapped by a table and laid over the land,
// which is drawn at full resolution and only when the view has changed.

import type { Embers, Frame, Renderer } from "./renderer";
import { LIFE, STRIDE, type Sparks } from "./sparks";
import { project, RAD, STEP, type View } from "./project";
import type { World } from "./world";

/** Steps of a spark's age that colours are prepared for. */
const AGES = 96;
/** Steps per unit of light in the tone-mapping table. */
const TONE = 256;

/** Makes one; the canvas must not have another context. */
export function createSplat(canvas: HTMLCanvasElement): SplatRenderer {
  return new SplatRenderer(canvas.getContext("2d", { alpha: false })!);
}

export class SplatRenderer implements Renderer {
  readonly name = "splat";
  /** Pixels of light per pixel of the canvas. */
  #detail = 0.5;
  private width = 1;
  private height = 1;
  private w = 1; // of the light
  #h = 1;
  private light = new Float32Array(0);
  #still = new Float32Array(0); // the embers' light
  private near = new Float32Array(0);
  #blur = new Float32Array(0);
  #image!: ImageData;
  #pixels = new Uint32Array(0);
  #glow = document.createElement("canvas").getContext("2d")!;
  #bloom = document.createElement("canvas").getContext("2d")!;
  #bloomImage!: ImageData;
  #land = document.createElement("canvas").getContext("2d")!;
  private back = document.createElement("canvas").getContext("2d")!;
  #landImage!: ImageData;
  private landPixels = new Uint32Array(0);
  #world: World | null = null;
  #sparks: Sparks | null = null;
  #embers: Embers = { n: 0, data: new Float32Array(0) };
  #places = new Int32Array(0); // of the sparks; −1 off screen
  #placed: [number, number] = [0, 0];
  #drawn = { land: "", back: "", still: "", places: "" };
  private tone = new Uint8Array(TONE * 12 + 1);
  #exposure = 0;
  #colours = new Float32Array(8 * AGES * 3);
  private at = new Float32Array(3);

  constructor(private canvas: CanvasRenderingContext2D) {}

  resize(width: number, height: number): void {
    [this.width, this.height] = [width, height];
    const w = (this.w = Math.max(8, Math.round(width * this.#detail)));
    const h = (this.#h = Math.max(8, Math.round(height * this.#detail)));
    this.light = new Float32Array(w * h * 3);
    this.#still = new Float32Array(w * h * 3);
    this.near = new Float32Array((w >> 2) * (h >> 2) * 3);
    this.#blur = new Float32Array(this.near.length);
    for (const [c, x, y] of [[this.#glow, w, h], [this.#bloom, w >> 2, h >> 2], [this.#land, width, height], [this.back, width, height]] as const) {
      c.canvas.width = x;
      c.canvas.height = y;
    }
    this.#image = this.#glow.createImageData(w, h);
    this.#bloomImage = this.#bloom.createImageData(w >> 2, h >> 2);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    this.#landImage = this.#land.createImageData(width, height);
    this.landPixels = new Uint32Array(this.#landImage.data.buffer);
    this.#drawn = { land: "", back: "", still: "", places: "" };
  }

  setWorld(world: World): void {
    this.#world = world;
    this.#drawn.land = "";
  }

  setSparks(sparks: Sparks): void {
    this.#sparks = sparks;
    this.#places = new Int32Array(sparks.data.length / STRIDE);
    sparks.upload = () => (this.#drawn.places = "");
  }

  setEmbers(embers: Embers): void {
    this.#embers = embers;
    this.#drawn.still = "";
  }

  /** Prepares the colours of every kind at every age; the shader has the same. */
  setPalette(palette: [number, number, number][]): void {
    const step = (a: number, b: number, x: number) => {
      const t = Math.min(1, Math.max(0, (x - a) / (b - a)));
      return t * t * (3 - 2 * t);
    };
    palette.slice(0, 8).forEach((hue, kind) => {
      for (let i = 0; i < AGES; i++) {
        const age = (i / AGES) * LIFE;
        const energy = step(0, 0.12, age) * Math.exp(-age * 1.25) * step(4, 3, age) * (kind ? 0.9 : 1.5);
        const hot = kind ? [0.95, 1, 1] : [1, 0.93, 0.82];
        for (let k = 0; k < 3; k++) {
          let c = hot[k] + (hue[k] - hot[k]) * (kind ? step(0, 0.4, age) : step(0.05, 0.6, age));
          if (!kind) c += ([0.95, 0.2, 0.1][k] - c) * step(0.8, 3, age);
          this.#colours[(kind * AGES + i) * 3 + k] = c * energy;
        }
      }
    });
  }

  render(f: Frame): void {
    const view = JSON.stringify(f.view);
    this.#drawBack(f.view);
    this.#drawLand(f, view);
    this.#addEmbers(f, view);
    this.#addSparks(f, view);
    this.#addBloom();
    this.#develop(f.exposure);
    const { canvas } = this;
    canvas.globalCompositeOperation = "source-over";
    canvas.drawImage(this.back.canvas, 0, 0);
    canvas.drawImage(this.#land.canvas, 0, 0);
    canvas.globalCompositeOperation = "lighter";
    canvas.imageSmoothingEnabled = true;
    canvas.imageSmoothingQuality = "medium";
    canvas.drawImage(this.#bloom.canvas, 0, 0, this.width, this.height);
    canvas.drawImage(this.#glow.canvas, 0, 0, this.width, this.height);
  }

  #drawBack(v: View): void {
    const key = [v.morph, v.radius, v.globeX, v.globeY].join();
    if (key === this.#drawn.back) return;
    this.#drawn.back = key;
    const { back, width, height } = this;
    back.globalAlpha = 1;
    const sky = back.createRadialGradient(width / 2, height / 2, 0, width / 2, height / 2, Math.max(width, height) * 0.6);
    sky.addColorStop(0, "#060912");
    sky.addColorStop(1, "#020307");
    back.fillStyle = sky;
    back.fillRect(0, 0, width, height);
    if (v.morph > 0) this.#drawAir(v);
  }

  #drawAir(v: View): void {
    const { back } = this;
    const air = back.createRadialGradient(v.globeX, v.globeY, 0, v.globeX, v.globeY, v.radius * 1.25);
    air.addColorStop(0, "#03050b");
    air.addColorStop(0.7, "#070d1c");
    air.addColorStop(0.79, "#11264d");
    air.addColorStop(0.8, "#173163");
    air.addColorStop(0.84, "#0b1936");
    air.addColorStop(1, "#04060d00");
    back.globalAlpha = v.morph * v.morph;
    back.fillStyle = air;
    back.beginPath();
    back.arc(v.globeX, v.globeY, v.radius * 1.25, 0, 7);
    back.fill();
  }

  #drawLand(f: Frame, view: string): void {
    const key = view + f.selected + Math.round(f.sun[0] * 100);
    if (key === this.#drawn.land || !this.#world) return;
    this.#drawn.land = key;
    const { landPixels, width, height, at } = this;
    landPixels.fill(0);
    const dots = this.#world.dots;
    const spacing = STEP * (f.view.scale + (f.view.radius - f.view.scale) * f.view.morph);
    const size = Math.max(1, Math.round(spacing * 0.42));
    const [sunLon, sunLat] = f.sun;
    for (let i = 0; i < dots.length; i += 3) {
      const lon = dots[i] * RAD;
      const lat = dots[i + 1] * RAD;
      project(f.view, lon, lat, at);
      const x = at[0] | 0;
      const y = at[1] | 0;
      if (at[2] < 0.1 || x < 0 || y < 0 || x + size >= width || y + size >= height) continue;
      const day = Math.sin(lat) * Math.sin(sunLat) + Math.cos(lat) * Math.cos(sunLat) * Math.cos(lon - sunLon);
      const shine = (0.56 + 0.44 * Math.min(1, Math.max(0, day * 2 + 0.5))) * at[2] * (f.selected < 0 ? 1 : 0.62) * Math.min(1, Math.max(0.55, spacing / 3.2));
      let colour = 0xff000000 | ((118 * shine) << 16) | ((74 * shine) << 8) | (48 * shine);
      if (dots[i + 2] === f.selected) colour = 0xff4275a0;
      for (let dy = 0; dy < size; dy++) landPixels.fill(colour, (y + dy) * width + x, (y + dy) * width + x + size);
    }
    this.#land.putImageData(this.#landImage, 0, 0);
  }

  /** The pixel of light at which a place is, or −1. */
  #place(v: View, lon: number, lat: number): number {
    project(v, lon * RAD, lat * RAD, this.at);
    const x = (this.at[0] * this.#detail) | 0;
    const y = (this.at[1] * this.#detail) | 0;
    const inside = x > 3 && y > 3 && x < this.w - 4 && y < this.#h - 4 && this.at[2] > 0.5;
    return inside ? (y * this.w + x) * 3 : -1;
  }

  #splat(to: Float32Array, o: number, r: number, g: number, b: number): void {
    const row = this.w * 3;
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const k = dx && dy ? 0.2 : dx || dy ? 0.45 : 1;
        const p = o + dy * row + dx * 3;
        to[p] += r * k;
        to[p + 1] += g * k;
        to[p + 2] += b * k;
      }
    }
  }

  /** Embers change seldom: their light is kept and copied. */
  #addEmbers(f: Frame, view: string): void {
    const key = view + f.emberGain + (f.emberMix * 20).toFixed(0);
    if (key !== this.#drawn.still) {
      this.#drawn.still = key;
      this.#still.fill(0);
      const { n, data } = this.#embers;
      for (let i = 0; i < n * 4; i += 4) {
        const heat = Math.log2(1 + data[i + 2] + (data[i + 3] - data[i + 2]) * f.emberMix);
        const o = heat > 0 ? this.#place(f.view, data[i], data[i + 1]) : -1;
        const v = heat * 0.022 * f.emberGain;
        const t = Math.min(1, v);
        if (o >= 0) this.#splat(this.#still, o, (0.8 + 0.2 * t) * v, (0.16 + 0.39 * t) * v, (0.1 + 0.08 * t) * v);
      }
    }
    this.light.set(this.#still);
  }

  #addSparks(f: Frame, view: string): void {
    const sparks = this.#sparks;
    const [from, to] = f.range;
    if (!sparks || f.gain <= 0) return;
    const { data } = sparks;
    const fresh = view !== this.#drawn.places || from < this.#placed[0] || to > this.#placed[1];
    if (fresh) {
      for (let i = from; i < to; i++) this.#places[i] = this.#place(f.view, data[i * STRIDE], data[i * STRIDE + 1]);
      this.#drawn.places = view;
      this.#placed = [from, to];
    }
    const perAge = AGES / LIFE;
    for (let i = from; i < to; i++) {
      const o = this.#places[i];
      if (o < 0) continue;
      const age = (f.now - data[i * STRIDE + 2]) / f.speed;
      if (age < 0 || age >= LIFE) continue;
      const kind = data[i * STRIDE + 3];
      const c = (kind * AGES + ((age * perAge) | 0)) * 3;
      const gain = f.gain * Math.sqrt(data[i * STRIDE + 4]);
      const [r, g, b] = [this.#colours[c] * gain, this.#colours[c + 1] * gain, this.#colours[c + 2] * gain];
      this.#splat(this.light, o, r, g, b);
      if (kind > 0 && age > 0.2) this.#ring(o, r * 0.5, g * 0.5, b * 0.5);
    }
  }

  /** Shares have their own shape: a ring around the point. */
  #ring(o: number, r: number, g: number, b: number): void {
    const row = this.w * 3;
    for (const p of [o - 9, o + 9, o - 3 * row, o + 3 * row, o - 2 * row - 6, o - 2 * row + 6, o + 2 * row - 6, o + 2 * row + 6]) {
      this.light[p] += r;
      this.light[p + 1] += g;
      this.light[p + 2] += b;
    }
  }

  #addBloom(): void {
    const bw = this.w >> 2;
    const bh = this.#h >> 2;
    const { light, near, w } = this;
    for (let y = 0; y < bh; y++) {
      for (let x = 0; x < bw; x++) {
        let r = 0, g = 0, b = 0;
        for (let j = 0; j < 4; j++) {
          let p = ((y * 4 + j) * w + x * 4) * 3;
          for (let i = 0; i < 4; i++, p += 3) {
            r += light[p];
            g += light[p + 1];
            b += light[p + 2];
          }
        }
        const o = (y * bw + x) * 3;
        near[o] = r / 16;
        near[o + 1] = g / 16;
        near[o + 2] = b / 16;
      }
    }
    for (let k = 0; k < 2; k++) this.#box(bw, bh);
  }

  /** A box blur of five, along both axes, of all three colours. */
  #box(bw: number, bh: number): void {
    const run = (a: Float32Array, b: Float32Array, start: number, step: number, n: number) => {
      let sum = 0;
      for (let i = 0; i < n + 2; i++) {
        if (i < n) sum += a[start + i * step];
        if (i >= 5) sum -= a[start + (i - 5) * step];
        if (i >= 2) b[start + (i - 2) * step] = sum / 5;
      }
    };
    for (let y = 0; y < bh; y++) for (let c = 0; c < 3; c++) run(this.near, this.#blur, y * bw * 3 + c, 3, bw);
    for (let x = 0; x < bw; x++) for (let c = 0; c < 3; c++) run(this.#blur, this.near, x * 3 + c, bw * 3, bh);
  }

  /** Exposes and tone-maps the light, and its bloom apart, which is scaled up smoothly. */
  #develop(exposure: number): void {
    if (Math.abs(exposure - this.#exposure) > 0.01) {
      this.#exposure = exposure;
      for (let i = 0; i < this.tone.length; i++) this.tone[i] = 255 * (1 - Math.exp((-i / TONE) * exposure));
    }
    this.#map(this.light, this.#pixels, 1);
    this.#map(this.near, new Uint32Array(this.#bloomImage.data.buffer), 0.8);
    this.#glow.putImageData(this.#image, 0, 0);
    this.#bloom.putImageData(this.#bloomImage, 0, 0);
  }

  #map(light: Float32Array, pixels: Uint32Array, gain: number): void {
    const { tone } = this;
    const most = tone.length - 1;
    const k = TONE * gain;
    for (let i = 0, p = 0; i < pixels.length; i++, p += 3) {
      const r = light[p] * k;
      if (r < 1) {
        pixels[i] = 0xff000000;
        continue;
      }
      const g = light[p + 1] * k;
      const b = light[p + 2] * k;
      pixels[i] = 0xff000000 | (tone[b > most ? most : b | 0] << 16) | (tone[g > most ? most : g | 0] << 8) | tone[r > most ? most : r | 0];
    }
  }

  stats(): Record<string, number> {
    return { draws: 0, width: this.width, height: this.height };
  }

  coarser(): void {
    this.#detail = Math.max(0.25, this.#detail * 0.75);
  }

  dispose(): void {}
}
