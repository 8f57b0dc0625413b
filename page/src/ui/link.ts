// Links to a frame: the part after # says which moment, from where it is seen,
// which country is chosen, and whether it stands still. Loaded with the first
// such frame.

import type { Camera } from "../map/camera";
import { RAD } from "../map/project";
import type { Page } from "./page";

const MOST_ZOOM = 24;

/** Where the camera looks from, short. */
function cameraText({ panX, panY, lon, lat, zoom }: Camera): string {
  return [panX, panY, lon / RAD, lat / RAD, zoom].map((v) => Math.round(v * 1000) / 1000).join(",");
}

/** Reads it back; nonsense is ignored. */
function readCamera(camera: Camera, text: string): void {
  const [x, y, lon, lat, zoom] = text.split(",").map(Number);
  if (![x, y, lon, lat, zoom].every(Number.isFinite)) return;
  camera.panX = Math.max(-2.7, Math.min(2.7, x));
  camera.panY = Math.max(-1.3, Math.min(1.3, y));
  camera.lon = lon * RAD;
  camera.lat = Math.max(-85, Math.min(85, lat)) * RAD;
  camera.zoom = Math.max(1, Math.min(MOST_ZOOM, zoom));
  camera.spin = false;
}

/** What names the frame shown; how it goes on is added. */
function frame(page: Page, on: Record<string, string>): string {
  const { app, scene, ranks } = page;
  const parts = new URLSearchParams({ t: new Date(app.at).toISOString(), c: cameraText(scene.camera) });
  if (scene.camera.globe) parts.set("v", "globe");
  if (ranks.selected) parts.set("n", ranks.selected);
  for (const [k, v] of Object.entries(on)) parts.set(k, v);
  return "#" + parts.toString().replace(/%3A/g, ":").replace(/%2C/g, ",");
}

/** Lets the address name the frame shown; nothing names the present as everyone sees it. */
export function showFrame(page: Page): void {
  const { live, paused, speed } = page.app.player;
  const hash = live ? "" : frame(page, paused ? { p: "1" } : speed === 1 ? {} : { s: String(speed) });
  history.replaceState(null, "", location.pathname + location.search + hash);
}

/** The whole address of the frame, standing still. */
export function frameLink(page: Page): string {
  return location.href.replace(/#.*/, "") + frame(page, { p: "1" });
}

/** Goes to the frame that a # names; what is wrong in it is ignored. */
export function readFrame(page: Page, hash: string): void {
  const parts = new URLSearchParams(hash.slice(1));
  const { player } = page.app;
  if (parts.get("v") === "globe") page.view(true);
  if (parts.has("c")) readCamera(page.scene.camera, parts.get("c")!);
  const country = page.world.codes.indexOf(parts.get("n") ?? "");
  if (country >= 0) page.ranks.selected = page.world.codes[(page.scene.selected = country)];
  const at = Date.parse(parts.get("t") ?? "");
  if (Number.isNaN(at)) return;
  player.seek(at);
  player.paused = parts.get("p") === "1";
  const speed = Number(parts.get("s") ?? 1);
  player.speed = speed >= 1 && speed <= 3600 ? speed : 1;
}
