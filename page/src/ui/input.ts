// Pointer and keyboard on the map.

import { drag, zoomBy } from "../map/move";
import { pick } from "../map/places";
import type { Scene } from "../map/scene";
import type { World } from "../map/world";

/** What the map's gestures mean to the page. */
export interface Gestures {
  hover(country: number, x: number, y: number): void;
  choose(country: number): void;
}

/** Listens on the stage, since the canvas may be replaced. */
export function listen(stage: HTMLElement, scene: Scene, world: World, to: Gestures): void {
  const at = (x: number, y: number) => pick(scene, world, x, y);
  const pointers = new Map<number, [number, number]>();
  let moved = 0;
  const local = (e: MouseEvent): [number, number] => {
    const box = stage.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  };
  stage.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    if (e.isTrusted) stage.setPointerCapture(e.pointerId); // not of one that was held back and may be over
    pointers.set(e.pointerId, local(e));
    moved = 0;
  });
  stage.addEventListener("pointermove", (e) => {
    const [x, y] = local(e);
    const old = pointers.get(e.pointerId);
    if (!old) {
      to.hover(at(x, y), e.clientX, e.clientY);
      return;
    }
    if (pointers.size === 2) pinch(scene, pointers, e.pointerId, [x, y]);
    else drag(scene.camera, x - old[0], y - old[1]);
    moved += Math.abs(x - old[0]) + Math.abs(y - old[1]);
    pointers.set(e.pointerId, [x, y]);
  });
  const up = (e: PointerEvent) => {
    if (pointers.delete(e.pointerId) && e.type === "pointerup" && moved < 6) to.choose(at(...local(e)));
  };
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", up);
  stage.addEventListener("pointerleave", (e) => e.pointerType === "mouse" && to.hover(-1, 0, 0)); // a finger leaves whenever it is lifted
  stage.addEventListener("wheel", (e) => {
    e.preventDefault();
    zoomBy(scene.camera, Math.exp(-e.deltaY * 0.0016), ...local(e));
  }, { passive: false });
  stage.addEventListener("keydown", (e) => mapKey(e, scene, at, to));
}

function pinch(scene: Scene, pointers: Map<number, [number, number]>, moving: number, to: [number, number]): void {
  const other = [...pointers].find(([id]) => id !== moving)![1];
  const old = pointers.get(moving)!;
  const far = (p: number[]) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
  zoomBy(scene.camera, far(to) / far(old), (to[0] + other[0]) / 2, (to[1] + other[1]) / 2);
}

function mapKey(e: KeyboardEvent, scene: Scene, at: (x: number, y: number) => number, to: Gestures): void {
  const { camera } = scene;
  const step = 60;
  const moves: Record<string, () => void> = {
    ArrowLeft: () => drag(camera, step, 0),
    ArrowRight: () => drag(camera, -step, 0),
    ArrowUp: () => drag(camera, 0, step),
    ArrowDown: () => drag(camera, 0, -step),
    "+": () => zoomBy(camera, 1.3),
    "=": () => zoomBy(camera, 1.3),
    "-": () => zoomBy(camera, 1 / 1.3),
    "0": () => camera.reset(),
    Enter: () => {
      const v = camera.view(1);
      to.choose(camera.globe ? at(v.globeX, v.globeY) : at(v.x, v.y));
    },
  };
  if (!moves[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  e.stopPropagation();
  moves[e.key]();
}
