// What the viewer's hands do: pointer and keyboard, choosing a country, and the
// note beside it. Loaded with the first event of either.

import { middleOf } from "../map/places";
import { equalEarth, RAD } from "../map/project";
import { adopt, byId, make } from "./dom";
import css from "./hands.css";
import { listen } from "./input";
import { onKeys } from "./keys";
import type { Page } from "./page";

adopt(css);

/** Listens from now on. */
export function listenAll(page: Page): void {
  listen(byId("stage"), page.scene, page.world, {
    hover: (country, x, y) => {
      if (page.ranks.selected === "") page.scene.selected = country;
      showTip(page, country, x, y);
    },
    choose: (country) => chooseCountry(page, country < 0 ? "" : page.world.codes[country]),
  });
  onKeys(page);
  setInterval(() => noted[0] >= 0 && showTip(page, noted[0], noted[1], noted[2]), 1000);
}

/** Selects a country by code: lights it up and, unless it is in full view, flies there. */
export function chooseCountry(page: Page, code: string): void {
  const { scene, world } = page;
  const index = world.codes.indexOf(code);
  scene.selected = index;
  page.ranks.selected = code;
  page.ranks.update();
  const middle = index >= 0 ? middleOf(world, index) : null;
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

/** The country that the note is about, and where it is. */
let noted = [-1, 0, 0];

function showTip(page: Page, country: number, x: number, y: number): void {
  noted = [country, x, y];
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
