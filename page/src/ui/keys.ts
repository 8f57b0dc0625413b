// The keyboard, wherever the focus is outside of a field.

import type { Page } from "./page";

/** Keys and the texts that explain them, for the help. */
export const KEYS: [string, string][] = [
  ["Space", "pause"], ["← →", "time"], ["L", "go_live"], ["< >", "speed"], ["J", "jump"],
  ["M", "map"], ["G", "globe"], ["W", "wall"], ["F", "fullscreen"], ["S", "share"], ["?", "about"],
];

const SPEEDS = [1, 10, 60, 600, 3600];

export function onKeys(page: Page): void {
  const { app, timebar } = page;
  const open = (name: "about" | "share" | "jump") => void import("./dialogs").then((d) => d.open(page, name));
  const faster = (by: number) => {
    const i = Math.max(0, SPEEDS.indexOf(app.speed)) + by;
    timebar.speed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, i))]);
  };
  const jump = (seconds: number) => timebar.seek(app.at + seconds * 1000);
  const actions: Record<string, (e: KeyboardEvent) => void> = {
    " ": () => timebar.toggle(),
    ArrowLeft: (e) => jump(e.shiftKey ? -60 : -10),
    ArrowRight: (e) => jump(e.shiftKey ? 60 : 10),
    l: () => timebar.goLive(),
    "<": () => faster(-1),
    ">": () => faster(1),
    j: () => open("jump"),
    m: () => page.view(false),
    g: () => page.view(true),
    w: () => void import("./wall").then((w) => w.toggle(page)),
    f: () => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
    s: () => open("share"),
    "?": () => open("about"),
    Escape: () => void import("./wall").then((w) => (w.active() ? w.leave(page) : page.choose(""))),
  };
  addEventListener("keydown", (e) => {
    const target = e.target as HTMLElement;
    if (e.ctrlKey || e.metaKey || e.altKey || target.closest?.("input, select, textarea, dialog")) return;
    if (e.key === " " && target.closest?.("button, a")) return;
    const action = actions[e.key.length === 1 ? e.key.toLowerCase() : e.key];
    if (!action) return;
    e.preventDefault();
    action(e);
  });
}
