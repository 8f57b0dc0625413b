// Links to a frame: the part after # says which moment, from where it is seen,
// and whether it stands still.

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

/** The # of the frame shown; "" for the present as everyone sees it. */
export function frameHash(page: Page): string {
  const { player } = page.app;
  if (player.live) return "";
  const parts = new URLSearchParams();
  parts.set("t", new Date(player.at).toISOString());
  parts.set("c", cameraText(page.scene.camera));
  if (page.scene.camera.globe) parts.set("v", "globe");
  if (player.paused) parts.set("p", "1");
  else if (player.speed !== 1) parts.set("s", String(player.speed));
  return "#" + parts.toString().replace(/%3A/g, ":").replace(/%2C/g, ",");
}

/** The whole address of the frame, standing still. */
export function frameLink(page: Page): string {
  const parts = new URLSearchParams({ t: new Date(page.app.at).toISOString(), c: cameraText(page.scene.camera), p: "1" });
  if (page.scene.camera.globe) parts.set("v", "globe");
  const clean = location.href.replace(/#.*/, "");
  return clean + "#" + parts.toString().replace(/%3A/g, ":").replace(/%2C/g, ",");
}

/** Goes to the frame that a # names; what is wrong in it is ignored. */
export function readFrame(page: Page, hash: string): void {
  const parts = new URLSearchParams(hash.slice(1));
  const { player } = page.app;
  if (parts.get("v") === "globe") page.view(true);
  if (parts.has("c")) readCamera(page.scene.camera, parts.get("c")!);
  const at = Date.parse(parts.get("t") ?? "");
  if (Number.isNaN(at)) return;
  player.seek(at);
  player.paused = parts.get("p") === "1";
  const speed = Number(parts.get("s") ?? 1);
  player.speed = speed >= 1 && speed <= 3600 ? speed : 1;
}
