// Light added up in a typed array, three colours a pixel; its bloom; and both
// exposed and tone-mapped by a table, as images.

/** Steps per unit of exposed light in the tone-mapping table. */
const TONE = 256;
/**
 * By exposed light: what it is multiplied by, so that its strongest colour is
 * mapped and hues stay: what is bright remains amber.
 */
const CURVE = Float32Array.from({ length: TONE * 12 }, (_, i) => (i ? (255 * TONE * (1 - Math.exp(-i / TONE))) / i : 255));

type Surface = CanvasRenderingContext2D;

const surface = (): Surface => document.createElement("canvas").getContext("2d")!;

export class Light {
  data = new Float32Array(0);
  /** The light of what stands still. */
  still = new Float32Array(0);
  /** The images, to be laid over one another. */
  readonly glow = surface();
  readonly bloom = surface();
  private near = new Float32Array(0);
  private blur = new Float32Array(0);
  private glowImage!: ImageData;
  private bloomImage!: ImageData;
  private glowPixels = new Uint32Array(0);
  private bloomPixels = new Uint32Array(0);

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    const [w, h] = [width >> 2, height >> 2];
    this.data = new Float32Array(width * height * 3);
    this.still = new Float32Array(width * height * 3);
    this.near = new Float32Array(w * h * 3);
    this.blur = new Float32Array(w * h * 3);
    [this.glow.canvas.width, this.glow.canvas.height] = [width, height];
    [this.bloom.canvas.width, this.bloom.canvas.height] = [w, h];
    this.glowImage = this.glow.createImageData(width, height);
    this.bloomImage = this.bloom.createImageData(w, h);
    this.glowPixels = new Uint32Array(this.glowImage.data.buffer);
    this.bloomPixels = new Uint32Array(this.bloomImage.data.buffer);
  }

  /** Forgets all light but that of what stands still. */
  begin(): void {
    this.data.set(this.still);
  }

  /** Makes the images. */
  develop(exposure: number): void {
    this.addBloom();
    this.map(this.data, this.glowPixels, exposure);
    this.map(this.near, this.bloomPixels, 0.55 * exposure);
    this.glow.putImageData(this.glowImage, 0, 0);
    this.bloom.putImageData(this.bloomImage, 0, 0);
  }

  private addBloom(): void {
    const [bw, bh] = [this.width >> 2, this.height >> 2];
    const { data, near, width } = this;
    for (let y = 0; y < bh; y++) {
      for (let x = 0; x < bw; x++) {
        let r = 0, g = 0, b = 0;
        for (let j = 0; j < 4; j++) {
          let p = ((y * 4 + j) * width + x * 4) * 3;
          for (let i = 0; i < 4; i++, p += 3) {
            r += data[p];
            g += data[p + 1];
            b += data[p + 2];
          }
        }
        const o = (y * bw + x) * 3;
        near[o] = r / 16;
        near[o + 1] = g / 16;
        near[o + 2] = b / 16;
      }
    }
    for (let k = 0; k < 2; k++) this.box(bw, bh);
  }

  /** A box blur of five, along both axes, of all three colours. */
  private box(bw: number, bh: number): void {
    const run = (a: Float32Array, b: Float32Array, start: number, step: number, n: number) => {
      let sum = 0;
      for (let i = 0; i < n + 2; i++) {
        if (i < n) sum += a[start + i * step];
        if (i >= 5) sum -= a[start + (i - 5) * step];
        if (i >= 2) b[start + (i - 2) * step] = sum / 5;
      }
    };
    for (let y = 0; y < bh; y++) for (let c = 0; c < 3; c++) run(this.near, this.blur, y * bw * 3 + c, 3, bw);
    for (let x = 0; x < bw; x++) for (let c = 0; c < 3; c++) run(this.blur, this.near, x * 3 + c, bw * 3, bh);
  }

  private map(light: Float32Array, pixels: Uint32Array, gain: number): void {
    const k = TONE * gain;
    for (let i = 0, p = 0; i < pixels.length; i++, p += 3) {
      const r = light[p];
      const g = light[p + 1];
      const b = light[p + 2];
      const top = r > g ? (r > b ? r : b) : g > b ? g : b;
      const at = top * k;
      if (at < 1) {
        pixels[i] = 0xff000000;
        continue;
      }
      const s = at < CURVE.length ? CURVE[at | 0] * gain : 255 / top;
      pixels[i] = 0xff000000 | ((b * s) << 16) | ((g * s) << 8) | (r * s);
    }
  }
}

/** Adds a soft point: o is its pixel's place, row the length of a row of pixels. */
export function point(to: Float32Array, row: number, o: number, r: number, g: number, b: number): void {
  add(to, o, r, g, b, 1);
  add(to, o - 3, r, g, b, 0.45);
  add(to, o + 3, r, g, b, 0.45);
  add(to, o - row, r, g, b, 0.45);
  add(to, o + row, r, g, b, 0.45);
  add(to, o - row - 3, r, g, b, 0.2);
  add(to, o - row + 3, r, g, b, 0.2);
  add(to, o + row - 3, r, g, b, 0.2);
  add(to, o + row + 3, r, g, b, 0.2);
}

function add(to: Float32Array, p: number, r: number, g: number, b: number, part: number): void {
  to[p] += r * part;
  to[p + 1] += g * part;
  to[p + 2] += b * part;
}

/** Adds a ring of three pixels' radius. */
export function ring(to: Float32Array, row: number, o: number, r: number, g: number, b: number): void {
  for (const p of [o - 9, o + 9, o - 3 * row, o + 3 * row, o - 2 * row - 6, o - 2 * row + 6, o + 2 * row - 6, o + 2 * row + 6]) {
    to[p] += r;
    to[p + 1] += g;
    to[p + 2] += b;
  }
}
