// What the renderer is made of on the GPU: programs, arrays and targets.

export interface Target {
  texture: WebGLTexture;
  frame: WebGLFramebuffer;
  width: number;
  height: number;
}

export interface Program {
  program: WebGLProgram;
  u: Record<string, WebGLUniformLocation | null>;
}

function shader(gl: WebGL2RenderingContext, type: number, source: string): WebGLShader {
  const s = gl.createShader(type)!;
  gl.shaderSource(s, source);
  gl.compileShader(s);
  return s;
}

/**
 * Begins to link a program, attributes numbered in the order of their names, and
 * returns what waits for it: programs that are all begun first are made side by
 * side.
 */
export function makeProgram(gl: WebGL2RenderingContext, attributes: string[], vertex: string, fragment: string): () => Program {
  const program = gl.createProgram()!;
  const parts = [shader(gl, gl.VERTEX_SHADER, vertex), shader(gl, gl.FRAGMENT_SHADER, fragment)];
  for (const s of parts) gl.attachShader(program, s);
  attributes.forEach((name, i) => gl.bindAttribLocation(program, i, name));
  gl.linkProgram(program);
  return () => linked(gl, program, parts);
}

function linked(gl: WebGL2RenderingContext, program: WebGLProgram, parts: WebGLShader[]): Program {
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(parts.map((s) => gl.getShaderInfoLog(s)).join(" ") + gl.getProgramInfoLog(program));
  }
  for (const s of parts) gl.deleteShader(s);
  const u: Program["u"] = {};
  const n = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) ?? 0;
  for (let i = 0; i < n; i++) {
    const name = gl.getActiveUniform(program, i)!.name;
    u[name.replace("[0]", "")] = gl.getUniformLocation(program, name);
  }
  return { program, u };
}

/** A buffer and how its attributes lie in it: number, size, offset. */
export function makeArray(gl: WebGL2RenderingContext, stride: number, attributes: [number, number, number][]): [WebGLBuffer, WebGLVertexArrayObject] {
  const buffer = gl.createBuffer()!;
  const array = gl.createVertexArray()!;
  gl.bindVertexArray(array);
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  for (const [number, size, offset] of attributes) {
    gl.enableVertexAttribArray(number);
    gl.vertexAttribPointer(number, size, gl.FLOAT, false, stride, offset);
  }
  gl.bindVertexArray(null);
  return [buffer, array];
}

/** A texture to draw into; format is RGBA8 or RGBA16F. */
export function makeTarget(gl: WebGL2RenderingContext, width: number, height: number, format: number): Target {
  const texture = gl.createTexture()!;
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
  for (const k of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, k, gl.LINEAR);
  for (const k of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, k, gl.CLAMP_TO_EDGE);
  const frame = gl.createFramebuffer()!;
  gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  return { texture, frame, width, height };
}
