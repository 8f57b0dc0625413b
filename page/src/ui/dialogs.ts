// The dialogs: what the numbers mean, the badge explained, the menu, sharing,
// and jumping to a moment. They are loaded when the first one is opened.

import type { Text } from "./en";
import css from "./dialogs.css";
import { adopt, make } from "./dom";
import { LANGUAGES } from "./languages";
import { KEYS } from "./keys";
import { more } from "./more";
import type { Page } from "./page";
import { sharing } from "./share";
import { toggleSound } from "./sound";
import { TOPICS } from "./topics";

export type DialogName = "about" | "state" | "menu" | "share" | "jump";

adopt(css);

/** Opens a dialog; Escape or its button closes it, and the focus returns. */
export function open(page: Page, name: DialogName, topic = ""): void {
  page.language.add(more);
  document.querySelector("dialog")?.remove();
  const t = (key: Text) => page.language.t(key);
  const close = make("button", { type: "button" }, t("close"));
  const body = { about, state: stateText, menu, share: sharing, jump }[name](page, topic);
  const dialog = make("dialog", { "aria-labelledby": "dialog-title" }, ...body, make("div", { class: "row" }, close));
  dialog.querySelector("h2")?.setAttribute("id", "dialog-title");
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (e) => e.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

/** Explains all numbers, the one that was asked about first. */
function about(page: Page, topic: string): Node[] {
  const { language, app } = page;
  const t = language.t.bind(language);
  const gaps = {
    unlocated: language.number(app.archive.peek("all", 0)?.types.get(page.settings.main)?.unlocated ?? 0),
    delay: String(app.latest?.delay ?? ""),
  };
  const texts: Record<string, string[]> = {
    total: [t("about_total")],
    rate: [t("about_rate")],
    place: [t("about_place", { n: gaps.unlocated })],
    spans: [t("about_spans")],
    shares: [t("about_shares")],
    chart: [t("about_chart")],
    map: [t("about_map"), t("about_delay", { n: gaps.delay })],
  };
  const order = Object.keys(texts).sort((a, b) => Number(b === topic) - Number(a === topic));
  const keys = make("dl", { class: "keys" });
  for (const [key, what] of KEYS) keys.append(make("dt", {}, make("kbd", {}, key)), make("dd", {}, t(what as Text)));
  return [
    make("h2", { tabindex: "-1", autofocus: "" }, t("about")), // not the link at the end
    ...order.flatMap((name) => [make("h3", {}, t(TOPICS[name])), ...texts[name].map((text) => make("p", {}, text))]),
    make("p", {}, make("a", { href: page.settings.feed + "v1/latest.json" }, t("data"))),
    make("h3", {}, t("keys")), keys,
  ];
}

function stateText(page: Page): Node[] {
  const { state, latest } = page.app;
  const time = page.language.moment((latest?.published ?? 0) * 1000);
  const text = page.language.t((state + "_text") as Text, { time });
  return [make("h2", {}, page.language.t(state)), make("p", {}, text), ...(latest?.message ? [make("p", {}, latest.message)] : [])];
}

export function button(text: string, click: (b: HTMLButtonElement) => void): HTMLButtonElement {
  const b = make("button", { type: "button" }, text);
  b.addEventListener("click", () => click(b));
  return b;
}

function menu(page: Page): Node[] {
  const { language } = page;
  const languages = make("select", { "aria-label": language.t("language") });
  for (const tag of LANGUAGES) {
    const option = make("option", { value: tag, lang: tag }, language.languageName(tag));
    option.selected = tag === language.tag.split("-")[0];
    languages.append(option);
  }
  languages.addEventListener("change", () => {
    const url = new URL(location.href);
    url.searchParams.set("lang", languages.value);
    location.assign(url);
  });
  const sound = button(language.t("sound"), (b) => b.setAttribute("aria-pressed", String(toggleSound(page))));
  sound.setAttribute("aria-pressed", "false");
  return [
    make("h2", {}, language.t("more")),
    make("div", { class: "row" },
      button(language.t("share"), () => open(page, "share")),
      sound,
      button(language.t("fullscreen"), () => void document.documentElement.requestFullscreen()),
      button(language.t("about"), () => open(page, "about"))),
    make("div", { class: "row" }, languages),
  ];
}

function jump(page: Page): Node[] {
  const { language, app } = page;
  const local = (ms: number) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  const field = make("input", {
    type: "datetime-local", step: "1", value: local(app.at), "aria-label": language.t("time"),
    min: local((app.latest?.first ?? 0) * 1000), max: local(app.present()),
  });
  const go = button(language.t("jump"), () => {
    const ms = Date.parse(field.value);
    if (Number.isNaN(ms)) return;
    page.timebar.seek(ms);
    document.querySelector("dialog")?.close();
  });
  return [make("h2", {}, language.t("jump")), field, make("div", { class: "row" }, go)];
}

