// The WebGL2 renderer: land into one texture, embers and sparks (one draw call
// each) added up in a half-float target, two blurs of it for the bloom, and one
// pass that brings all together.

import { makeArray, makeProgram, makeTarget, type Program, type Target } from "./device";
import type { Embers, Frame, Renderer } from "./renderer";
import * as shaders from "./shaders";
import { CAPACITY, STRIDE, type Sparks } from "./sparks";
import { STEP, type View } from "./project";
import type { World } from "./world";

const ATTRIBUTES = ["a_place", "a_birth", "a_kind", "a_heat", "a_country"];
const LAND_COLOUR = [0.17, 0.265, 0.43];

/** Makes one, or null where there is no WebGL2. */
export function createGL(canvas: HTMLCanvasElement): GLRenderer | null {
  const gl = canvas.getContext("webgl2", {
    alpha: false, antialias: false, depth: false, stencil: false, powerPreference: "high-performance",
  });
  return gl && new GLRenderer(gl);
}

/** The name of what draws, as far as the browser tells. */
export function rendererName(gl: WebGL2RenderingContext): string {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

export class GLRenderer implements Renderer {
  readonly name: string;
  bloom = true;
  #half: boolean;
  #width = 1;
  #height = 1;
  #ratio = 1;
  #targets: Target[] = []; // land, light, near, near2, far, far2
  #programs: Record<string, Program> = {};
  #landBuffer: WebGLBuffer;
  #sparkBuffer: WebGLBuffer;
  #emberBuffer: WebGLBuffer;
  #land: WebGLVertexArrayObject;
  #sparks: WebGLVertexArrayObject;
  #embers: WebGLVertexArrayObject;
  #screen: WebGLVertexArrayObject;
  #landCount = 0;
  #emberCount = 0;
  #palette = new Float32Array(24);
  #drawn = ""; // the view that the land was drawn for
  #draws = 0;
  #sparkDraws = 0;

  constructor(readonly gl: WebGL2RenderingContext) {
    this.name = rendererName(gl);
    this.#half = !!gl.getExtension("EXT_color_buffer_float") || !!gl.getExtension("EXT_color_buffer_half_float");
    const program = (vertex: string, fragment: string) => makeProgram(gl, ATTRIBUTES, vertex, fragment);
    const programs = {
      land: program(shaders.LAND_VERTEX, shaders.LAND_FRAGMENT),
      spark: program(shaders.SPARK_VERTEX, shaders.SPARK_FRAGMENT),
      ember: program(shaders.EMBER_VERTEX, shaders.SPARK_FRAGMENT),
      blur: program(shaders.SCREEN_VERTEX, shaders.BLUR_FRAGMENT),
      compose: program(shaders.SCREEN_VERTEX, shaders.COMPOSE_FRAGMENT),
    };
    for (const [name, ready] of Object.entries(programs)) this.#programs[name] = ready();
    [this.#landBuffer, this.#land] = makeArray(gl, 12, [[0, 2, 0], [4, 1, 8]]);
    [this.#sparkBuffer, this.#sparks] = makeArray(gl, STRIDE * 4, [[0, 2, 0], [1, 1, 8], [2, 2, 12]]);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#sparkBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, CAPACITY * STRIDE * 4, gl.DYNAMIC_DRAW);
    [this.#emberBuffer, this.#embers] = makeArray(gl, 16, [[0, 2, 0], [3, 2, 8]]);
    this.#screen = gl.createVertexArray()!;
  }

  resize(width: number, height: number, ratio: number): void {
    if (width === this.#width && height === this.#height && ratio === this.#ratio) return;
    this.#freeTargets();
    [this.#width, this.#height, this.#ratio] = [width, height, ratio];
    const light = this.#half ? this.gl.RGBA16F : this.gl.RGBA8;
    const target = (n: number, format: number) => makeTarget(this.gl, Math.max(1, width >> n), Math.max(1, height >> n), format);
    this.#targets = [target(0, this.gl.RGBA8), target(0, light), target(2, light), target(2, light), target(3, light), target(3, light)];
    this.#drawn = "";
  }

  #freeTargets(): void {
    for (const t of this.#targets) {
      this.gl.deleteTexture(t.texture);
      this.gl.deleteFramebuffer(t.frame);
    }
    this.#targets = [];
  }

  setWorld(world: World): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#landBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, world.dots, gl.STATIC_DRAW);
    this.#landCount = world.dots.length / 3;
    this.#drawn = "";
  }

  setSparks(sparks: Sparks): void {
    const { gl } = this;
    sparks.upload = (from, to) => {
      if (from >= to) return;
      gl.bindBuffer(gl.ARRAY_BUFFER, this.#sparkBuffer);
      gl.bufferSubData(gl.ARRAY_BUFFER, from * STRIDE * 4, sparks.data, from * STRIDE, (to - from) * STRIDE);
    };
    sparks.upload(0, sparks.count);
  }

  setEmbers(embers: Embers): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#emberBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, embers.data.subarray(0, embers.n * 4), gl.DYNAMIC_DRAW);
    this.#emberCount = embers.n;
  }

  setPalette(colours: [number, number, number][]): void {
    colours.slice(0, 8).forEach((c, i) => this.#palette.set(c, i * 3));
  }

  #use(name: string, v: View): Program {
    const { gl } = this;
    const p = this.#programs[name];
    const [w, h] = [this.#width / 2, this.#height / 2];
    gl.useProgram(p.program);
    const [sx, sy] = [v.scale / w, v.scale / h];
    gl.uniform4f(p.u.u_map, sx, sy, v.x / w - 1 - v.panX * sx, 1 - v.y / h - v.panY * sy);
    gl.uniform4f(p.u.u_globe, v.lon, v.lat, v.morph, v.radius / h);
    gl.uniform4f(p.u.u_at, v.globeX / w - 1, 1 - v.globeY / h, w / h, 0);
    return p;
  }

  #draw(array: WebGLVertexArrayObject, mode: number, first: number, count: number): void {
    this.gl.bindVertexArray(array);
    this.gl.drawArrays(mode, first, count);
    this.#draws++;
  }

  #into(t: Target | null): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, t ? t.frame : null);
    gl.viewport(0, 0, t ? t.width : this.#width, t ? t.height : this.#height);
  }

  /** Pixels between two dots of the land. */
  #spacing(v: View): number {
    return STEP * (v.scale + (v.radius - v.scale) * v.morph);
  }

  render(f: Frame): void {
    const { gl } = this;
    if (this.#targets.length === 0 || gl.isContextLost()) return;
    this.#draws = 0;
    gl.enable(gl.BLEND);
    this.#drawLand(f);
    this.#drawLight(f);
    gl.disable(gl.BLEND);
    if (this.bloom) this.#drawBloom();
    this.#compose(f);
  }

  #drawLand(f: Frame): void {
    const { gl } = this;
    const { view } = f;
    const key = JSON.stringify([view, f.selected, f.sun.map((x) => Math.round(x * 200))]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#into(this.#targets[0]);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const p = this.#use("land", view);
    gl.uniform1f(p.u.u_size, Math.max(3, this.#spacing(view) * 0.92));
    gl.uniform2f(p.u.u_sun, ...f.sun);
    gl.uniform1f(p.u.u_selected, f.selected);
    const dim = Math.min(1, Math.max(0.6, this.#spacing(view) / 3.2)); // dots that touch must not make a plain
    gl.uniform3f(p.u.u_colour, LAND_COLOUR[0] * dim, LAND_COLOUR[1] * dim, LAND_COLOUR[2] * dim);
    this.#draw(this.#land, gl.POINTS, 0, this.#landCount);
  }

  #drawLight(f: Frame): void {
    const { gl } = this;
    this.#into(this.#targets[1]);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.blendFunc(gl.ONE, gl.ONE);
    const size = Math.min(Math.max(0.8 * this.#ratio, this.#spacing(f.view) / 4.1), 4 * this.#ratio);
    if (this.#emberCount > 0 && f.emberGain > 0) {
      const p = this.#use("ember", f.view);
      gl.uniform1f(p.u.u_size, 3.4 * size);
      gl.uniform1f(p.u.u_gain, 0.1 * f.emberGain);
      gl.uniform1f(p.u.u_mix, f.emberMix);
      this.#draw(this.#embers, gl.POINTS, 0, this.#emberCount);
    }
    this.#sparkDraws = 0;
    const [first, last] = f.range;
    if (last <= first || f.gain <= 0) return;
    const p = this.#use("spark", f.view);
    gl.uniform1f(p.u.u_now, f.now);
    gl.uniform1f(p.u.u_speed, f.speed);
    gl.uniform1f(p.u.u_gain, f.gain);
    gl.uniform1f(p.u.u_size, (this.bloom ? 5 : 11) * size);
    gl.uniform3fv(p.u.u_palette, this.#palette);
    this.#draw(this.#sparks, gl.POINTS, first, last - first);
    this.#sparkDraws = 1;
  }

  /** A full-screen pass from textures into a target. */
  #pass(name: string, to: Target | null, from: Record<string, Target>, set?: (u: Program["u"]) => void): void {
    const { gl } = this;
    this.#into(to);
    const p = this.#programs[name];
    gl.useProgram(p.program);
    Object.entries(from).forEach(([uniform, t], i) => {
      gl.activeTexture(gl.TEXTURE0 + i);
      gl.bindTexture(gl.TEXTURE_2D, t.texture);
      gl.uniform1i(p.u[uniform], i);
    });
    set?.(p.u);
    this.#draw(this.#screen, gl.TRIANGLES, 0, 3);
  }

  #drawBloom(): void {
    const [, light, near, near2, far, far2] = this.#targets;
    const blur = (from: Target, a: Target, b: Target, reach: number) => {
      this.#pass("blur", b, { u_from: from }, (u) => this.gl.uniform2f(u.u_step, reach / a.width, 0));
      this.#pass("blur", a, { u_from: b }, (u) => this.gl.uniform2f(u.u_step, 0, reach / a.height));
    };
    blur(light, near, near2, 1);
    blur(near, far, far2, 1);
    blur(far, far, far2, 2);
  }

  #compose(f: Frame): void {
    const { gl } = this;
    const [land, light, near, , far] = this.#targets;
    this.#use("compose", f.view);
    this.#pass("compose", null, { u_land: land, u_light: light, u_near: near, u_far: far }, (u) => {
      gl.uniform1f(u.u_exposure, f.exposure);
      gl.uniform1f(u.u_bloom, this.bloom ? 1 : 0);
    });
  }

  stats(): Record<string, number> {
    return { draws: this.#draws, sparkDraws: this.#sparkDraws, textures: this.#targets.length, width: this.#width, height: this.#height };
  }

  /** Draws a frame and waits for it; how long it took, in ms. */
  probe(f: Frame): number {
    const before = performance.now();
    this.render(f);
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
    return performance.now() - before;
  }

  dispose(): void {
    this.#freeTargets();
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
