// The shaders. Colours are linear light added up in a half-float target; the
// last pass exposes, tone-maps and lays them over the dotted world.

import { A, CENTRE } from "./project";
import { LIFE } from "./sparks";

const float = (v: number): string => v.toFixed(9);

/** project(degrees): clip position in xy, z is how far behind the globe (0…1). */
const PROJECT = `
uniform vec4 u_map;   // scale x, scale y, x, y: projected units to clip space
uniform vec4 u_globe; // longitude, latitude, morph, radius (clip y)
uniform vec4 u_at;    // globe x, y (clip), aspect, pan is in u_map
vec3 project(vec2 deg) {
  vec2 ll = radians(deg);
  float lam = ll.x - ${float(CENTRE)};
  lam -= 6.283185307 * floor((lam + 3.141592654) / 6.283185307);
  float l = asin(.8660254038 * sin(ll.y)), l2 = l * l, l6 = l2 * l2 * l2;
  vec2 flatp = vec2(
    lam * cos(l) / (.8660254038 * (${float(A[0])} + ${float(3 * A[1])} * l2 + l6 * (${float(7 * A[2])} + ${float(9 * A[3])} * l2))),
    l * (${float(A[0])} + ${float(A[1])} * l2 + l6 * (${float(A[2])} + ${float(A[3])} * l2)));
  vec2 p = flatp * u_map.xy + u_map.zw;
  if (u_globe.z <= 0.) return vec3(p, 0.);
  float lon = ll.x - u_globe.x, c = cos(ll.y), cp = cos(u_globe.y), sp = sin(u_globe.y);
  vec3 s = vec3(c * sin(lon), sin(ll.y), c * cos(lon));
  s = vec3(s.x, s.y * cp - s.z * sp, s.y * sp + s.z * cp);
  float e = smoothstep(0., 1., u_globe.z);
  p = mix(p, vec2(s.x / u_at.z, s.y) * u_globe.w + u_at.xy, e);
  return vec3(p, s.z < 0. ? e : 0.);
}
const vec4 NOWHERE = vec4(2., 2., 0., 1.);
`;

const HEAD = "#version 300 es\n";
const FRAGMENT = HEAD + "precision mediump float;\n";

export const LAND_VERTEX = `${HEAD}
in vec2 a_place; in float a_country;
uniform float u_size, u_selected; uniform vec2 u_sun; uniform vec3 u_colour;
out vec3 v_colour; ${PROJECT}
void main() {
  vec3 p = project(a_place);
  vec2 r = radians(a_place);
  float day = sin(r.y) * sin(u_sun.y) + cos(r.y) * cos(u_sun.y) * cos(r.x - u_sun.x);
  float light = mix(.56, 1., smoothstep(-.25, .25, day)) * (1. - p.z);
  v_colour = u_colour * light;
  if (u_selected >= 0.) v_colour = abs(a_country - u_selected) < .5 ? vec3(.62, .46, .26) * (1. - p.z) : v_colour * .62;
  gl_Position = p.z > .98 ? NOWHERE : vec4(p.xy, 0., 1.);
  gl_PointSize = u_size;
}`;

export const LAND_FRAGMENT = `${FRAGMENT}
in vec3 v_colour; out vec4 o;
void main() {
  vec2 q = gl_PointCoord * 2. - 1.;
  float a = exp(-3.2 * dot(q, q)) - .0408; // soft, or rows of dots would beat with the pixels
  if (a <= 0.) discard;
  o = vec4(v_colour * a, a);
}`;

export const SPARK_VERTEX = `${HEAD}
in vec2 a_place; in float a_birth; in vec2 a_kind; // kind and weight
uniform float u_now, u_speed, u_size, u_gain; uniform vec3 u_palette[8];
out vec3 v_colour; flat out float v_kind; out float v_age; ${PROJECT}
const float LIFE = ${float(LIFE)};
void main() {
  float age = (u_now - a_birth) / u_speed;
  vec3 p = project(a_place);
  if (age < 0. || age > LIFE || p.z > .9) {
    gl_Position = NOWHERE; gl_PointSize = 1.; v_colour = vec3(0.); v_kind = 0.; v_age = 0.; return;
  }
  float weight = sqrt(a_kind.y);
  float energy = smoothstep(0., .12, age) * exp(-age * 1.25) * smoothstep(LIFE, 3., age) * weight * u_gain;
  int kind = int(a_kind.x + .5);
  vec3 hue = u_palette[kind];
  vec3 c;
  if (kind == 0) {
    c = mix(vec3(1., .93, .82), hue, smoothstep(.05, .6, age));
    c = mix(c, vec3(.95, .20, .10), smoothstep(.8, 3., age));
  } else {
    c = mix(vec3(.95, 1., 1.), hue, smoothstep(0., .4, age));
    energy *= 1.7;
  }
  v_colour = c * energy * (1. - p.z);
  v_kind = a_kind.x; v_age = age;
  gl_Position = vec4(p.xy, 0., 1.);
  float size = 1. + .9 * exp(-age * 6.) + .25 * log2(1. + weight);
  gl_PointSize = u_size * size * (kind == 0 ? 1. : 1.5 + .8 * age);
}`;

/** Downloads are soft points; shares are rings that widen. */
export const SPARK_FRAGMENT = `${FRAGMENT}
in vec3 v_colour; flat in float v_kind; in float v_age; out vec4 o;
void main() {
  vec2 q = gl_PointCoord * 2. - 1.;
  float r2 = dot(q, q);
  float a = exp(-r2 * 3.2) - .0408;
  if (v_kind > .5) {
    float ring = (sqrt(r2) - .66) * 7.;
    a = .55 * exp(-ring * ring) + exp(-r2 * 26.) * max(0., 1. - v_age * .6);
  }
  if (a <= 0.) discard;
  o = vec4(v_colour * a, a);
}`;

/** Embers: where the last hour's events were; from one state to the next. */
export const EMBER_VERTEX = `${HEAD}
in vec2 a_place; in vec2 a_heat; // before and after
uniform float u_size, u_gain, u_mix; out vec3 v_colour; flat out float v_kind; out float v_age; ${PROJECT}
void main() {
  vec3 p = project(a_place);
  float heat = log2(1. + mix(a_heat.x, a_heat.y, u_mix));
  float v = heat * u_gain;
  v_colour = mix(vec3(.80, .16, .10), vec3(1., .55, .18), clamp(v * .9, 0., 1.)) * v * (1. - p.z);
  gl_Position = p.z > .9 || v <= 0. ? NOWHERE : vec4(p.xy, 0., 1.);
  gl_PointSize = u_size * (.7 + .18 * heat);
  v_kind = v_age = 0.;
}`;

/** One triangle that covers everything. */
export const SCREEN_VERTEX = `${HEAD}
out vec2 v_at;
void main() {
  vec2 p = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
  v_at = p; gl_Position = vec4(p * 2. - 1., 0., 1.);
}`;

/** Nine-tap Gaussian along one axis, in five fetches. */
export const BLUR_FRAGMENT = `${FRAGMENT}
in vec2 v_at; uniform sampler2D u_from; uniform vec2 u_step; out vec4 o;
void main() {
  vec3 c = texture(u_from, v_at).rgb * .2270270;
  c += (texture(u_from, v_at + u_step * 1.3846154).rgb + texture(u_from, v_at - u_step * 1.3846154).rgb) * .3162162;
  c += (texture(u_from, v_at + u_step * 3.2307692).rgb + texture(u_from, v_at - u_step * 3.2307692).rgb) * .0702703;
  o = vec4(c, 1.);
}`;

/** Background, globe with its air, land, and the light over it. */
export const COMPOSE_FRAGMENT = `${FRAGMENT}
in vec2 v_at; uniform sampler2D u_land, u_light, u_near, u_far;
uniform float u_exposure, u_bloom; uniform vec4 u_globe, u_at; out vec4 o;
void main() {
  vec2 q = v_at * 2. - 1.;
  vec2 centred = (v_at - .5) * vec2(min(u_at.z, 1.9) * .62, 1.);
  vec3 c = mix(vec3(.008, .012, .028), vec3(.022, .036, .072), exp(-dot(centred, centred) * 1.1));
  if (u_globe.z > 0.) {
    float r = length((q - u_at.xy) * vec2(u_at.z, 1.)) / u_globe.w;
    float air = exp(-abs(r - 1.) * 16.) * (r > 1. ? 1. : .55);
    vec3 disc = mix(vec3(.010, .018, .042), vec3(.030, .055, .110), pow(clamp(r, 0., 1.), 3.));
    c = mix(c, (r < 1. ? disc : c) + vec3(.06, .16, .36) * air, u_globe.z * u_globe.z);
  }
  vec3 light = texture(u_light, v_at).rgb * 1.15;
  if (u_bloom > 0.) light += texture(u_near, v_at).rgb * .75 + texture(u_far, v_at).rgb * .85;
  // What is bright stays amber: mapped by its strongest colour, only in part each by itself.
  light *= u_exposure;
  float most = max(light.r, max(light.g, light.b));
  vec3 glow = mix(light * (1. - exp(-most)) / max(most, .0001), 1. - exp(-light), clamp(u_exposure * .6, .12, .5));
  c += texture(u_land, v_at).rgb * (1. - .5 * glow.r);
  c = 1. - (1. - c) * (1. - glow);
  c += (fract(sin(dot(gl_FragCoord.xy, vec2(12.9898, 78.233))) * 43758.5453) - .5) / 255.;
  o = vec4(c, 1.);
}`;
