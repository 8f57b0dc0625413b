import { drawBars } from "./bars";
import type { Point, Sheet } from "./ink";
import { drawLines } from "./lines";
import { drawMap, world } from "./map";
import type { Shape } from "./shape";

/** Draws a shape; what it returns tells what is under a point. */
export async function draw(sheet: Sheet, s: Shape, grid: number): Promise<Point> {
  const w = s.kind === "map" ? await world() : null;
  sheet.g.clearRect(0, 0, sheet.width, sheet.height);
  sheet.g.direction = "ltr";
  if (s.kind === "map") return drawMap(sheet, s, w!, grid);
  return s.kind === "lines" ? drawLines(sheet, s) : drawBars(sheet, s);
}
