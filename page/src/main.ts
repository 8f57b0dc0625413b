// The page begins here: everything is loaded, wired and set going.

import { App } from "./app";
import { Scene, type Choice } from "./map/scene";
import { World } from "./map/world";
import worldURL from "./world.bin";
import { loadSettings, Palette } from "./settings";
import { byId } from "./ui/dom";
import { Hud } from "./ui/hud";
import { Language } from "./ui/i18n";
import { frameHash, readFrame } from "./ui/link";
import { Ranks } from "./ui/ranks";
import { TimeBar } from "./ui/timebar";
import type { Page } from "./ui/page";

const query = new URLSearchParams(location.search);

async function loadWorld(): Promise<World> {
  const response = await fetch(worldURL);
  return new World(new Uint8Array(await response.arrayBuffer()));
}

async function start(): Promise<void> {
  const [settings, language, world] = await Promise.all([loadSettings(), Language.load(query.get("lang")), loadWorld()]);
  language.apply(document);
  document.title = settings.title;
  byId("title").textContent = settings.title;
  byId("subtitle").textContent = settings.subtitle;
  byId("map").setAttribute("aria-label", language.t("map_label"));
  const palette = new Palette(settings);
  const scene = new Scene(byId<HTMLCanvasElement>("map"), world, (t) => palette.kind(t), palette.light(), (query.get("render") ?? "auto") as Choice);
  const app = new App(settings, scene);
  void app.heartbeat.start();
  build({ app, scene, language, settings, palette, world, query });
}

/** Makes the interface and starts the frames. */
function build(parts: Omit<Page, "ranks" | "timebar" | "view" | "choose" | "refresh" | "fit">): void {
  const { app, language, palette } = parts;
  const hud = new Hud(app, language, palette);
  const page = parts as Page;
  page.refresh = () => {
    page.timebar.slow();
    hud.slow(performance.now());
    page.ranks.update();
    history.replaceState(null, "", frameHash(page) || location.pathname + location.search);
  };
  page.view = (globe) => setView(page, globe);
  page.choose = (code) => void import("./ui/hands").then((h) => h.chooseCountry(page, code));
  page.ranks = new Ranks(app, language, (code) => page.choose(code === page.ranks.selected ? "" : code));
  page.timebar = new TimeBar(app, language, page.refresh);
  listenAll(page);
  awaitHands(page);
  onResize(page);
  readFrame(page, location.hash);
  addEventListener("hashchange", () => readFrame(page, location.hash));
  frames(page, hud);
  if (query.has("embed")) document.body.classList.add("embed");
  if (query.has("wall")) void import("./ui/wall").then((w) => w.enter(page));
  if (query.get("view") === "globe") page.view(true);
}

function frames(page: Page, hud: Hud): void {
  const { app } = page;
  let quick = 0;
  let slow = 0;
  const js: number[] = [];
  const frame = (local: number) => {
    const before = performance.now();
    app.frame(local);
    if (local - quick > 98) {
      quick = local;
      hud.quick();
      page.timebar.quick();
    }
    if (local - slow > 990) {
      slow = local;
      page.timebar.slow();
      hud.slow(local);
      page.ranks.update();
    }
    js.push(performance.now() - before);
    if (js.length > 600) js.shift();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  // For tests and the curious: nothing reads it back.
  Object.assign(window, { glow: { ...page, js } });
}

function setView(page: Page, globe: boolean): void {
  page.scene.camera.globe = globe;
  for (const b of byId("views").querySelectorAll<HTMLElement>("[data-view]")) {
    b.setAttribute("aria-pressed", String(b.dataset.view === (globe ? "globe" : "map")));
  }
}

function listenAll(page: Page): void {
  byId("views").addEventListener("click", (e) => {
    const view = (e.target as HTMLElement).dataset.view;
    if (view === "wall") void import("./ui/wall").then((w) => w.enter(page));
    else if (view) page.view(view === "globe");
  });
  const dialog = (id: string, name: "about" | "menu" | "jump" | "state") =>
    byId(id).addEventListener("click", () => void import("./ui/dialogs").then((d) => d.open(page, name)));
  dialog("about", "about");
  dialog("menu", "menu");
  dialog("clock", "jump");
  dialog("state", "state");
  const motion = matchMedia("(prefers-reduced-motion: reduce)");
  const calm = () => (page.scene.calm = motion.matches || query.has("calm"));
  motion.addEventListener("change", calm);
  calm();
}

/** Loads what listens to pointer and keyboard with their first event, which it then gets. */
function awaitHands(page: Page): void {
  const kinds = ["pointermove", "pointerdown", "wheel", "keydown", "focusin"] as const;
  const first = (e: Event) => {
    for (const kind of kinds) removeEventListener(kind, first, true);
    void import("./ui/hands").then((h) => {
      h.listenAll(page);
      if (e instanceof KeyboardEvent || e instanceof PointerEvent) {
        e.target!.dispatchEvent(new (e.constructor as typeof KeyboardEvent)(e.type, e));
      }
    });
  };
  for (const kind of kinds) addEventListener(kind, first, { capture: true, passive: true });
}

/** Keeps the map clear of the panels. */
function onResize(page: Page): void {
  const fit = () => {
    const { camera } = page.scene;
    const wide = innerWidth > 820 && innerHeight > 420;
    const wall = document.body.classList.contains("wall") || document.body.classList.contains("embed");
    const panel = wide && !wall ? byId("rank").closest("section")!.getBoundingClientRect().width + innerWidth * 0.035 : 0;
    const [start, end] = [innerWidth * 0.012, panel + innerWidth * 0.004];
    camera.insets = {
      left: page.language.rtl ? end : start,
      right: page.language.rtl ? start : end,
      top: wide ? innerHeight * 0.05 : 34,
      bottom: wide ? innerHeight * (wall ? 0.06 : 0.1) : 4,
    };
    page.scene.resize();
  };
  page.fit = fit;
  addEventListener("resize", fit);
  fit();
}

void start();
