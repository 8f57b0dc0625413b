// The page begins here: everything is loaded, wired and set going.

import { App } from "./app";
import { equalEarth, RAD } from "./map/project";
import { Scene, type Choice } from "./map/scene";
import { World } from "./map/world";
import worldURL from "./world.bin";
import { loadSettings, Palette } from "./settings";
import { byId, make } from "./ui/dom";
import { Hud } from "./ui/hud";
import { Language } from "./ui/i18n";
import { listen } from "./ui/input";
import { onKeys } from "./ui/keys";
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
  page.choose = (code) => chooseCountry(page, code);
  page.ranks = new Ranks(app, language, (code) => page.choose(code === page.ranks.selected ? "" : code));
  page.timebar = new TimeBar(app, language, page.refresh);
  listenAll(page);
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

/** Selects a country by code: lights it up and, unless it is in full view, flies there. */
function chooseCountry(page: Page, code: string): void {
  const { scene, world } = page;
  const index = world.codes.indexOf(code);
  scene.selected = index;
  page.ranks.selected = code;
  page.ranks.update();
  const middle = index >= 0 ? world.middle(index) : null;
  if (!middle) {
    scene.camera.reset();
    showTip(page, -1, 0, 0);
    return;
  }
  const plane = [0, 0];
  equalEarth(middle[0] * RAD, middle[1] * RAD, plane);
  scene.camera.flyTo(middle[0], middle[1], plane, scene.camera.globe ? 1.25 : 2.4);
  const v = scene.camera.view(1);
  const box = scene.canvas.getBoundingClientRect();
  showTip(page, index, box.left + v.x, box.top + v.y + 30);
}

function showTip(page: Page, country: number, x: number, y: number): void {
  const tip = byId("tip");
  tip.hidden = country < 0;
  if (country < 0) return;
  const { language } = page;
  const code = page.world.codes[country];
  const n = page.ranks.of(code);
  const count = `${language.number(n.today)} ${language.t("today")} · ${language.number(n.all)} ${language.t("all")}`;
  const rate = language.t("per_minute", { n: language.number(n.now) });
  tip.replaceChildren(make("b", {}, language.country(code)), make("span", {}, count, make("br"), rate));
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 4)) + "px";
  tip.style.top = Math.max(4, Math.min(y + 14, innerHeight - height - 4)) + "px";
}

function listenAll(page: Page): void {
  listen(byId("stage"), page.scene, {
    hover: (country, x, y) => {
      if (page.ranks.selected === "") page.scene.selected = country;
      showTip(page, country, x, y);
    },
    choose: (country) => page.choose(country < 0 ? "" : page.world.codes[country]),
  });
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
  onKeys(page);
  const motion = matchMedia("(prefers-reduced-motion: reduce)");
  const calm = () => (page.scene.calm = motion.matches || query.has("calm"));
  motion.addEventListener("change", calm);
  calm();
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
