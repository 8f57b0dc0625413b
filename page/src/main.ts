// The page begins here: the map is made and set going; the interface, which it
// can glow without, follows.

import { App } from "./app";
import { Scene, type Choice } from "./map/scene";
import { World } from "./map/world";
import worldURL from "./world.bin";
import { loadSettings, Palette } from "./settings";
import { byId, setText } from "./ui/dom";
import { Language } from "./ui/i18n";
import type { Page, Parts } from "./ui/page";

const query = new URLSearchParams(location.search);
/** How many frames' times are kept. */
const FRAMES = 600;
/** How long the interface waits for the feed, in ms. */
const PATIENCE = 1500;

async function loadWorld(): Promise<World> {
  const response = await fetch(worldURL);
  return new World(new Uint8Array(await response.arrayBuffer()));
}

async function start(): Promise<void> {
  if (query.has("embed")) document.body.classList.add("embed");
  const [settings, language, world] = await Promise.all([loadSettings(), Language.load(query.get("lang")), loadWorld()]);
  language.apply(document);
  document.title = settings.title;
  setText(byId("title"), settings.title);
  setText(byId("subtitle"), settings.subtitle);
  const palette = new Palette(settings);
  const scene = new Scene(byId<HTMLCanvasElement>("map"), world, (t) => palette.kind(t), palette.light(), (query.get("render") ?? "auto") as Choice);
  const app = new App(settings, scene);
  const parts = { app, scene, language, settings, palette, world, query, js: new Float64Array(FRAMES), frames: 0 };
  lookCalm(scene);
  onResize(parts);
  if (location.hash.length > 1) await follow(parts); // a link to a frame: not a glimpse of another one
  // What glows first is on its way before the interface is, unless the feed hangs.
  await Promise.race([app.heartbeat.start(), new Promise((done) => setTimeout(done, PATIENCE))]);
  if (!app.numbers) await follow(parts);
}

/** Brings the interface; without a network it is tried again when there is one. */
async function follow(parts: Parts): Promise<void> {
  try {
    const { build } = await import("./ui/interface");
    await build(parts as Page);
  } catch (e) {
    console.warn("the interface did not come", e);
    setTimeout(() => void fetch(location.href).then((r) => r.ok && location.reload(), () => follow(parts)), 5000);
  }
}

function frames(parts: Parts): void {
  const frame = (local: number) => {
    const before = performance.now();
    parts.app.frame(local);
    parts.tick?.(local);
    parts.js[parts.frames++ % FRAMES] = performance.now() - before;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  // For tests and the curious: nothing reads it back.
  Object.assign(window, { glow: parts });
}

/** Less motion for those who want it. */
function lookCalm(scene: Scene): void {
  const motion = matchMedia("(prefers-reduced-motion: reduce)");
  const calm = () => (scene.calm = motion.matches || query.has("calm"));
  motion.addEventListener("change", calm);
  calm();
}

/** Keeps the map clear of the panels. */
function onResize(parts: Parts): void {
  const fit = () => {
    const { scene, language } = parts;
    const wide = innerWidth > 820 && innerHeight > 420;
    const bare = document.body.matches(".wall, .embed");
    const panel = wide && !bare ? byId("panels").getBoundingClientRect().width + innerWidth * 0.022 : 0;
    const [start, end] = [innerWidth * 0.012, panel + innerWidth * 0.004];
    scene.camera.insets = {
      left: language.rtl ? end : start,
      right: language.rtl ? start : end,
      top: wide ? innerHeight * 0.05 : 34,
      bottom: wide ? innerHeight * (bare ? 0.06 : 0.1) : 4,
    };
    scene.resize();
  };
  parts.fit = fit;
  addEventListener("resize", fit);
  fit();
  frames(parts);
}

void start();
