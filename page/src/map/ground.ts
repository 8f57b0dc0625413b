// What lies under the light, for machines without a GPU: sky, the globe's air
// and the dotted land. It is drawn only when the view has changed.

import type { Frame } from "./renderer";
import { Points, projector } from "./points";
import { STEP, type View } from "./project";
import type { World } from "./world";

const SELECTED = 0xff4275a0;

/** The dots of the land, prepared once. */
export class Land {
  readonly points: Points;
  readonly countries: Int32Array;

  constructor({ dots }: World) {
    const n = dots.length / 3;
    this.points = new Points(n);
    this.countries = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      this.points.set(i, dots[i * 3], dots[i * 3 + 1]);
      this.countries[i] = dots[i * 3 + 2];
    }
  }
}

export class Ground {
  /** null until the world is known. */
  dots: Land | null = null;
  readonly back = document.createElement("canvas").getContext("2d")!;
  readonly land = document.createElement("canvas").getContext("2d")!;
  #image: ImageData;
  #pixels: Uint32Array;
  #drawn = { land: "", back: "" };
  #at = new Float32Array(3);

  constructor(
    private width: number,
    private height: number,
  ) {
    for (const c of [this.back, this.land]) [c.canvas.width, c.canvas.height] = [width, height];
    this.#image = this.land.createImageData(width, height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
  }

  /** Draws what is not drawn yet; key names the view. */
  draw(f: Frame, key: string): void {
    this.#drawBack(f.view);
    this.#drawLand(f, key);
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
    if (key === this.#drawn.land || !this.dots) return;
    this.#drawn.land = key;
    const at = this.#at;
    this.#pixels.fill(0);
    const { points, countries } = this.dots;
    const place = projector(f.view, points);
    const spacing = STEP * (f.view.scale + (f.view.radius - f.view.scale) * f.view.morph);
    const size = Math.max(1, Math.round(spacing * 0.42));
    const dim = (f.selected < 0 ? 1 : 0.62) * Math.min(1, Math.max(0.55, spacing / 3.2)); // dots that touch must not make a plain
    const [sunLon, sunLat] = f.sun;
    const [sunX, sunY, sunZ] = [Math.cos(sunLat) * Math.sin(sunLon), Math.sin(sunLat), Math.cos(sunLat) * Math.cos(sunLon)];
    for (let i = 0; i < countries.length; i++) {
      place(i, at);
      if (at[2] < 0.1) continue;
      const day = points.facing(i, sunX, sunY, sunZ);
      const shine = (0.56 + 0.44 * Math.min(1, Math.max(0, day * 2 + 0.5))) * at[2] * dim;
      const colour = 0xff000000 | ((118 * shine) << 16) | ((74 * shine) << 8) | (48 * shine);
      this.#dot(at[0] | 0, at[1] | 0, size, countries[i] === f.selected ? SELECTED : colour);
    }
    this.land.putImageData(this.#image, 0, 0);
  }

  #dot(x: number, y: number, size: number, colour: number): void {
    const { width, height } = this;
    if (x < 0 || y < 0 || x + size >= width || y + size >= height) return;
    for (let dy = 0; dy < size; dy++) {
      const row = (y + dy) * width + x;
      for (let dx = 0; dx < size; dx++) this.#pixels[row + dx] = colour;
    }
  }
}
