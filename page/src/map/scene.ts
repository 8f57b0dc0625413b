// The scene: the canvas, the renderer that suits the machine, and what is drawn
// every frame. A machine that cannot keep up goes down a ladder: no bloom, lower
// resolution, the splat renderer, lower again.

import { Camera } from "./camera";
import { EmberField } from "./embers";
import { createGL, GLRenderer } from "./gl";
import { STEP, sun, type View } from "./project";
import type { Embers, Frame, Renderer } from "./renderer";
import { LIFE, Sparks } from "./sparks";
import type { World } from "./world";
import type { Snapshot } from "../feed/decode";

const MOST_PIXELS = 2560 * 1440;
/** Renderers that are a CPU in disguise; some browsers offer them still. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
/** A probe that takes longer means that frames would, too. */
const SLOW_PROBE = 40;
const SLOW_FRAME = 30;
/** The ladder's last step. */
const BOTTOM = 6;

/**
 * How much room light has: 1 where dots of the land are 3.2 CSS pixels apart or
 * more, less on small screens, where lights of neighbours fall together.
 */
function crowding(v: View, ratio: number): number {
  const apart = (STEP * (v.scale + (v.radius - v.scale) * v.morph)) / ratio;
  return Math.min(1, Math.max(0.2, (apart / 3.2) ** 1.2));
}

export type Choice = "auto" | "gl" | "splat";

export class Scene {
  readonly camera = new Camera();
  readonly sparks: Sparks;
  readonly embers = new EmberField();
  selected = -1;
  calm = false;
  canvas: HTMLCanvasElement;
  #renderer: Renderer | null = null; // null while the splat renderer is loaded
  #level = 0;
  #ratio = 1;
  #drawn: Embers = { n: 0, data: new Float32Array(0) };
  #mixed = 1;
  #exposure = 1;
  #gain = 1;
  #peak = 15;
  #slow = 0;
  #glowed = false;
  #last = 0;

  constructor(
    canvas: HTMLCanvasElement,
    private world: World,
    kinds: (type: string) => number,
    private palette: [number, number, number][],
    private choice: Choice,
  ) {
    this.canvas = canvas;
    this.sparks = new Sparks(kinds);
    this.#choose();
    new ResizeObserver(() => this.resize()).observe(this.canvas.parentElement!);
  }

  get name(): string {
    return this.#renderer?.name ?? "";
  }

  /** Picks a renderer by its name and a timed probe. */
  #choose(): void {
    const gl = this.choice === "splat" ? null : this.#tryGL();
    if (gl) this.#equip(gl);
    else void this.#splat();
  }

  /** Machines without a GPU load the splat renderer. */
  async #splat(): Promise<void> {
    const { createSplat } = await import("./splat");
    this.#equip(createSplat(this.#freshCanvas()));
  }

  #tryGL(): GLRenderer | null {
    let gl: GLRenderer | null = null;
    try {
      gl = createGL(this.canvas);
    } catch (e) {
      console.warn("webgl2 is unusable", e);
    }
    if (!gl) return null;
    if (this.choice === "gl") return gl;
    if (SOFTWARE.test(gl.name)) {
      gl.dispose();
      return null;
    }
    gl.resize(640, 360, 1);
    gl.setWorld(this.world);
    this.camera.resize(640, 360);
    const frame = this.#frame(this.camera.view(1), 0, 1);
    gl.probe(frame);
    if (gl.probe(frame) < SLOW_PROBE) return gl;
    gl.dispose();
    return null;
  }

  /** A canvas that has had a context cannot have another kind. */
  #freshCanvas(): HTMLCanvasElement {
    const fresh = this.canvas.cloneNode() as HTMLCanvasElement;
    this.canvas.replaceWith(fresh);
    return (this.canvas = fresh);
  }

  #equip(r: Renderer): void {
    this.#renderer = r;
    r.setWorld(this.world);
    r.setPalette(this.palette);
    r.setSparks(this.sparks);
    r.setEmbers(this.#drawn);
    const once = { once: true }; // what is restored is equipped anew
    this.canvas.addEventListener("webglcontextlost", (e) => e.preventDefault(), once);
    this.canvas.addEventListener("webglcontextrestored", () => this.#restore(), once);
    this.resize();
  }

  /** The GPU is back: everything is made again from what the page holds. */
  #restore(): void {
    const gl = createGL(this.canvas);
    if (gl) this.#equip(gl);
  }

  /** Fits the drawing to its place on the page. */
  resize(): void {
    const box = this.canvas.getBoundingClientRect();
    const [w, h] = [Math.max(1, box.width), Math.max(1, box.height)];
    const most = this.#renderer instanceof GLRenderer || w * h < 350_000 ? 2 : 1;
    const wanted = Math.min(devicePixelRatio || 1, most) * (this.#level >= 2 ? 0.7 : 1);
    this.#ratio = Math.min(wanted, Math.sqrt(MOST_PIXELS / (w * h)));
    this.canvas.width = Math.round(w * this.#ratio);
    this.canvas.height = Math.round(h * this.#ratio);
    this.camera.resize(w, h);
    this.#renderer?.resize(this.canvas.width, this.canvas.height, this.#ratio);
  }

  /** Takes the embers as they are now and fades over to them. */
  refreshEmbers(): void {
    this.#drawn = this.embers.draw();
    this.#renderer?.setEmbers(this.#drawn);
    this.#mixed = 0;
  }

  /**
   * Learns how dense sparks will be, for the exposure: events a second of the
   * viewer's time in the busiest 3° square; a spark that stands for many shines
   * as the root of their number.
   */
  learnDensity(s: Snapshot, seconds: number, speed: number, most: number): void {
    const bins = new Map<number, number>();
    const cols = 360 / s.grid;
    const k = 3 / s.grid;
    for (const c of s.types.values()) {
      for (let i = 0; i < c.cells.length; i++) {
        const bin = Math.floor(Math.floor(c.cells[i] / cols) / k) * 1000 + Math.floor((c.cells[i] % cols) / k);
        bins.set(bin, (bins.get(bin) ?? 0) + c.counts[i]);
      }
    }
    const events = Math.max(1, ...[...s.types.values()].map((c) => c.n));
    const shine = Math.sqrt(Math.min(1, most / events));
    this.#peak = (Math.max(0.01, ...bins.values()) / seconds) * speed * shine;
  }

  #frame(view: View, ms: number, speed: number): Frame {
    const now = ms / 1000 - this.sparks.base;
    const at = ms / 1000;
    const room = crowding(view, this.#ratio);
    return {
      view, now, speed,
      range: this.sparks.range(at - LIFE * speed, at),
      sun: sun(ms),
      selected: this.selected,
      exposure: this.#exposure * (0.4 + 0.6 * room),
      gain: this.calm ? 0 : this.#gain,
      emberGain: (this.calm ? 2.2 : 1) * room,
      emberMix: this.#mixed,
    };
  }

  /** Draws the moment (ms) at a local time. */
  render(local: number, ms: number, speed: number): void {
    const dt = Math.min(0.1, Math.max(0, (local - this.#last) / 1000));
    const before = this.#last;
    this.#pace(local - before);
    this.#last = local;
    this.camera.tick(dt, this.calm);
    const passed = Math.min(2, (local - before) / 1000);
    const ease = 1 - Math.exp(-passed / 1.5);
    this.#exposure += (Math.min(1, Math.max(0.02, (20 / this.#peak) ** 0.7)) - this.#exposure) * ease;
    this.#gain += (Math.min(2, Math.max(1, (15 / this.#peak) ** 0.22)) - this.#gain) * ease;
    this.#mixed = Math.min(1, this.#mixed + passed / 2.5);
    const frame = this.#frame(this.camera.view(this.#ratio), ms, speed);
    this.#renderer?.render(frame);
    if (!this.#glowed && frame.range[1] > 0) this.#glowed = !!performance.mark("first-glow");
  }

  /** Counts slow frames and goes down the ladder when they are the rule. */
  #pace(took: number): void {
    if (document.hidden || took > 500 || this.choice !== "auto" || !this.#renderer) this.#slow = 0;
    else if (took > SLOW_FRAME) this.#slow++;
    else this.#slow = Math.max(0, this.#slow - 1);
    if (this.#slow < 90 || this.#level === BOTTOM) return;
    this.#slow = 0;
    this.stepDown();
  }

  /** One step down the ladder. */
  stepDown(): void {
    this.#level++;
    if (!(this.#renderer instanceof GLRenderer)) this.#renderer?.coarser?.();
    else if (this.#level === 1) this.#renderer.bloom = false;
    else if (this.#level === 3) {
      this.#renderer.dispose();
      this.#renderer = null;
      void this.#splat();
    }
    this.resize();
  }

  stats(): Record<string, number> {
    return {
      ...this.#renderer?.stats(),
      level: this.#level, sparks: this.sparks.count, embers: this.#drawn.n, mixed: this.#mixed, exposure: this.#exposure,
    };
  }
}

