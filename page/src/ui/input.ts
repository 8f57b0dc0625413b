// Pointer and keyboard on the map.

import type { Scene } from "../map/scene";

/** What the map's gestures mean to the page. */
export interface Gestures {
  hover(country: number, x: number, y: number): void;
  choose(country: number): void;
}

/** Listens on the stage, since the canvas may be replaced. */
export function listen(stage: HTMLElement, scene: Scene, to: Gestures): void {
  const pointers = new Map<number, [number, number]>();
  let moved = 0;
  const local = (e: MouseEvent): [number, number] => {
    const box = stage.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  };
  stage.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    stage.setPointerCapture(e.pointerId);
    pointers.set(e.pointerId, local(e));
    moved = 0;
  });
  stage.addEventListener("pointermove", (e) => {
    const [x, y] = local(e);
    const old = pointers.get(e.pointerId);
    if (!old) {
      to.hover(scene.pick(x, y), e.clientX, e.clientY);
      return;
    }
    if (pointers.size === 2) pinch(scene, pointers, e.pointerId, [x, y]);
    else scene.camera.drag(x - old[0], y - old[1]);
    moved += Math.abs(x - old[0]) + Math.abs(y - old[1]);
    pointers.set(e.pointerId, [x, y]);
  });
  const up = (e: PointerEvent) => {
    if (pointers.delete(e.pointerId) && e.type === "pointerup" && moved < 6) to.choose(scene.pick(...local(e)));
  };
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", up);
  stage.addEventListener("pointerleave", () => to.hover(-1, 0, 0));
  stage.addEventListener("wheel", (e) => {
    e.preventDefault();
    scene.camera.zoomBy(Math.exp(-e.deltaY * 0.0016), ...local(e));
  }, { passive: false });
  stage.addEventListener("keydown", (e) => mapKey(e, scene, to));
}

function pinch(scene: Scene, pointers: Map<number, [number, number]>, moving: number, to: [number, number]): void {
  const other = [...pointers].find(([id]) => id !== moving)![1];
  const old = pointers.get(moving)!;
  const far = (p: number[]) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
  scene.camera.zoomBy(far(to) / far(old), (to[0] + other[0]) / 2, (to[1] + other[1]) / 2);
}

function mapKey(e: KeyboardEvent, scene: Scene, to: Gestures): void {
  const { camera } = scene;
  const step = 60;
  const moves: Record<string, () => void> = {
    ArrowLeft: () => camera.drag(step, 0),
    ArrowRight: () => camera.drag(-step, 0),
    ArrowUp: () => camera.drag(0, step),
    ArrowDown: () => camera.drag(0, -step),
    "+": () => camera.zoomBy(1.3),
    "=": () => camera.zoomBy(1.3),
    "-": () => camera.zoomBy(1 / 1.3),
    "0": () => camera.reset(),
    Enter: () => {
      const v = camera.view(1);
      to.choose(camera.globe ? scene.pick(v.globeX, v.globeY) : scene.pick(v.x, v.y));
    },
  };
  if (!moves[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  e.stopPropagation();
  moves[e.key]();
}
