// Wall mode, for screens that nobody touches: no controls, a tour of map, globe
// and the busiest countries, the screen kept awake, the numbers moved a little
// every minute against burn-in, and a reload when there is a new page.

import { get } from "../feed/get";
import { readSettings } from "../settings";
import { adopt } from "./dom";
import type { Page } from "./page";
import { top } from "./ranks";
import css from "./wall.css";

adopt(css);

const STOP = 45_000; // of the tour
const SHIFT = 60_000;
const CHECK = 300_000;

let timers: number[] = [];
let awake: WakeLockSentinel | null = null;
let leaving: Promise<void> | null = null; // the full screen of an earlier wall

export const active = (): boolean => timers.length > 0;

export function toggle(page: Page): void {
  if (active()) leave(page);
  else void enter(page);
}

export async function enter(page: Page): Promise<void> {
  if (active()) return;
  document.body.classList.add("wall");
  const mine = timers = [
    window.setInterval(tour(page), STOP),
    window.setInterval(shift, SHIFT),
    window.setInterval(() => void reload(page), CHECK),
  ];
  document.addEventListener("visibilitychange", stayAwake);
  addEventListener("pointerdown", page.leaveWall = () => leave(page));
  page.fit();
  await stayAwake();
  await leaving;
  if (timers !== mine || !document.fullscreenEnabled) return;
  if (!document.fullscreenElement) await document.documentElement.requestFullscreen().catch(() => {}); // only after a click
  if (!active()) leaveFullscreen(); // left meanwhile
  if (timers === mine) document.addEventListener("fullscreenchange", page.leftFullscreen = () => document.fullscreenElement || leave(page));
}

export function leave(page: Page): void {
  for (const t of timers) clearInterval(t);
  timers = [];
  document.body.classList.remove("wall");
  document.removeEventListener("visibilitychange", stayAwake);
  if (page.leftFullscreen) document.removeEventListener("fullscreenchange", page.leftFullscreen);
  if (page.leaveWall) removeEventListener("pointerdown", page.leaveWall);
  void awake?.release().catch(() => {});
  awake = null;
  leaveFullscreen();
  page.choose("");
  page.fit();
}

function leaveFullscreen(): void {
  if (document.fullscreenElement) leaving = document.exitFullscreen().catch(() => {});
}

/** The stops in turn: map, globe, the three busiest countries, and again. */
function tour(page: Page): () => void {
  let stop = 0;
  return () => {
    stop = (stop + 1) % 5;
    if (stop < 2) {
      page.choose("");
      page.view(stop === 1);
      return;
    }
    const counts = page.app.archive.peek("1d", page.app.at / 1000)?.types.get(page.settings.main)?.countries;
    const busiest = top(counts ?? new Map(), 3)[stop - 2];
    page.view(stop % 2 === 1);
    page.choose(busiest?.[0] ?? "");
  };
}

function shift(): void {
  const px = () => Math.round(Math.random() * 16 - 8) + "px";
  document.body.style.setProperty("--shift-x", px());
  document.body.style.setProperty("--shift-y", px());
}

async function stayAwake(): Promise<void> {
  if (document.hidden || !("wakeLock" in navigator)) return;
  const lock = await navigator.wakeLock.request("screen").catch(() => null);
  if (active() && (!awake || awake.released)) awake = lock;
  else void lock?.release(); // left meanwhile, or left and entered
}

/** Reloads if a new build lies at the address; the tour goes on after it. */
async function reload(page: Page): Promise<void> {
  try {
    const { build } = readSettings((await get("settings.json", "no-store")).json);
    if (!build || build === page.settings.build || document.getElementById("settings")) return;
    const url = new URL(location.href);
    url.searchParams.set("wall", "1");
    location.replace(url);
  } catch {
    // The old page is better than none.
  }
}

