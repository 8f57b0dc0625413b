// The interface: everything around the map, made as soon as the map has what
// it needs.

import { Numbers } from "../numbers";
import { byId } from "./dom";
import { en } from "./en";
import { Hud } from "./hud";
import { Ranks } from "./ranks";
import { Rerun } from "./rerun";
import { TimeBar } from "./timebar";
import { TOPICS } from "./topics";
import type { Page } from "./page";

/** Makes the interface out of the parts that are there. */
export async function build(page: Page): Promise<void> {
  const { app, language, query } = page;
  language.add(en);
  byId("map").setAttribute("aria-label", language.t("map_label"));
  app.numbers = new Numbers(app);
  const rerun = new Rerun(app, app.numbers, language);
  const hud = new Hud(app, app.numbers, language, page.palette, rerun);
  page.refresh = () => {
    hud.quick();
    for (const part of slow(page, hud)) part(performance.now());
    void import("./link").then((l) => l.showFrame(page));
  };
  page.view = (globe) => setView(page, globe);
  page.choose = (code) => void import("./hands").then((h) => h.chooseCountry(page, code));
  page.ranks = new Ranks(app, app.numbers, language, (code) => page.choose(code === page.ranks.selected ? "" : code));
  page.timebar = new TimeBar(app, app.numbers, language, page.refresh, () => rerun.touched());
  page.tick = ticker(page, hud, rerun);
  listenAll(page);
  awaitHands(page);
  if (query.has("wall")) void import("./wall").then((w) => w.enter(page));
  if (query.get("view") === "globe") page.view(true);
  const read = () => import("./link").then((l) => l.readFrame(page, location.hash), () => {});
  addEventListener("hashchange", read);
  if (location.hash.length > 1) await read();
}

/** Ten times a second what counts; the rest once a second, only a part of it in any frame. */
function ticker(page: Page, hud: Hud, rerun: Rerun): (local: number) => void {
  const parts = [(local: number) => rerun.tick(local), ...slow(page, hud)];
  let quick = 0;
  let then = 0;
  let part = 0;
  return (local) => {
    if (local - quick > 98) {
      quick = local;
      hud.quick();
      page.timebar.quick();
    }
    if (local - then > 240) {
      for (const run of then ? [parts[part++ % parts.length]] : parts) run(local);
      then = local;
    }
  };
}

const slow = (page: Page, hud: Hud): ((local: number) => void)[] => [
  () => page.timebar.slow(), (local) => hud.slow(local), () => page.ranks.update(),
];

function setView(page: Page, globe: boolean): void {
  page.scene.camera.globe = globe;
  for (const b of byId("views").querySelectorAll<HTMLElement>("[data-view]")) {
    b.setAttribute("aria-pressed", String(b.dataset.view === (globe ? "globe" : "map")));
  }
}

function listenAll(page: Page): void {
  byId("views").addEventListener("click", (e) => {
    const view = (e.target as HTMLElement).dataset.view;
    if (view === "wall") void import("./wall").then((w) => w.enter(page));
    else if (view) page.view(view === "globe");
  });
  const dialog = (id: string, name: "menu" | "jump" | "state") =>
    byId(id).addEventListener("click", () => void import("./dialogs").then((d) => d.open(page, name)));
  dialog("menu", "menu");
  dialog("clock", "jump");
  dialog("state", "state");
  for (const b of document.querySelectorAll<HTMLElement>("[data-about]")) {
    const topic = b.dataset.about!;
    b.setAttribute("aria-haspopup", "dialog");
    b.setAttribute("aria-label", page.language.t("about") + ": " + page.language.t(TOPICS[topic]));
    b.addEventListener("click", () => void import("./dialogs").then((d) => d.open(page, "about", topic)));
  }
}

/** Loads what listens to pointer and keyboard with their first event; it gets all that there were until it is here. */
function awaitHands(page: Page): void {
  const kinds = ["pointermove", "pointerdown", "pointerup", "pointercancel", "wheel", "keydown", "focusin"] as const;
  let held: Event[] = [];
  let asked = false;
  const load = async () => {
    const hands = await import("./hands").catch(() => null); // without a network the next event asks again
    asked = false;
    if (hands) {
      for (const kind of kinds) removeEventListener(kind, hold, true);
      hands.listenAll(page);
      for (const e of held) e.target!.dispatchEvent(new (e.constructor as typeof PointerEvent)(e.type, e));
    }
    held = [];
  };
  const hold = (e: Event) => {
    if (e instanceof KeyboardEvent || e instanceof PointerEvent) {
      e.stopImmediatePropagation(); // or it would count twice
      held.push(e);
    }
    if (!asked) void load();
    asked = true;
  };
  for (const kind of kinds) addEventListener(kind, hold, { capture: true, passive: true });
}
