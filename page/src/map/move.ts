// How the viewer's hands move the camera.

import { MIDDLE, type Camera } from "./camera";

const MOST_ZOOM = 24;

const within = (low: number, v: number, high: number): number => Math.max(low, Math.min(high, v));

/** Drags by CSS pixels. */
export function drag(camera: Camera, dx: number, dy: number): void {
  camera.stop();
  const v = camera.view(1);
  if (camera.globe) {
    camera.lon -= dx / v.radius;
    camera.lat = within(-1.5, camera.lat + dy / v.radius, 1.5);
    camera.spin = false;
    return;
  }
  camera.panX = within(-2.7, camera.panX - dx / v.scale, 2.7);
  camera.panY = within(-1.3, camera.panY + dy / v.scale, 1.3);
}

/** Zooms by a factor, keeping what is under a CSS pixel where it is. */
export function zoomBy(camera: Camera, factor: number, x?: number, y?: number): void {
  camera.stop();
  const before = camera.view(1);
  const zoom = within(1, camera.zoom * factor, MOST_ZOOM);
  if (!camera.globe && x !== undefined && y !== undefined) {
    const k = 1 / before.scale - 1 / (before.scale * (zoom / camera.zoom));
    camera.panX += (x - before.x) * k;
    camera.panY -= (y - before.y) * k;
  }
  camera.zoom = zoom;
  if (zoom === 1) [camera.panX, camera.panY] = MIDDLE;
}
