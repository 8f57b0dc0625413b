// A chart as a picture to take along: it says by itself what it shows.

import { save } from "../csv";
import { barsHeight } from "./bars";
import { draw } from "./draw";
import { fit, ink } from "./ink";
import type { Shape } from "./shape";

interface Labels {
  title: string;
  note: string;
  file: string;
  names: string[];
  grid?: number;
}

/** Size of the picture in CSS pixels, and how many of its own each has. */
const [WIDTH, HEIGHT, RATIO, EDGE, SIZE] = [1200, 675, 2, 40, 16];

/** Saves a picture of a chart, at 2400 × 1350 points or more. */
export async function picture(s: Shape, labels: Labels): Promise<void> {
  const canvas = document.createElement("canvas");
  const g = canvas.getContext("2d")!;
  const colours = ink();
  const wide = WIDTH - 2 * EDGE;
  g.font = `14px ${colours.font}`;
  const names = labels.names.length > 1 ? lay(g, labels.names, wide) : [];
  const head = EDGE + 58 + (names.length && names[names.length - 1].y + 30);
  const inner = s.kind === "bars" ? Math.max(barsHeight(s, SIZE, wide), HEIGHT - head - EDGE - 20) : HEIGHT - head - EDGE - 20;
  canvas.width = WIDTH * RATIO;
  canvas.height = (head + inner + EDGE + 20) * RATIO;
  const chart = document.createElement("canvas");
  [chart.width, chart.height] = [wide * RATIO, inner * RATIO];
  const own = chart.getContext("2d")!;
  own.scale(RATIO, RATIO);
  await draw({ g: own, width: wide, height: inner, size: SIZE, ink: colours, rtl: false }, s, labels.grid ?? 0.5);

  g.scale(RATIO, RATIO);
  g.fillStyle = colours.back;
  g.fillRect(0, 0, WIDTH, canvas.height);
  const write = (text: string, x: number, y: number, font: string, fill: string) => {
    g.font = `${font} ${colours.font}`;
    g.fillStyle = fill;
    g.fillText(fit(g, text, wide), x, y);
  };
  write(labels.title, EDGE, EDGE + 20, "650 26px", colours.text);
  write(labels.note, EDGE, EDGE + 46, "14px", colours.dim);
  names.forEach(({ name, x, y }, i) => {
    g.fillStyle = colours.series[i % colours.series.length];
    g.beginPath();
    g.arc(EDGE + x + 6, EDGE + y + 67, 5, 0, 7);
    g.fill();
    write(name, EDGE + x + 18, EDGE + y + 72, "14px", colours.text);
  });
  g.drawImage(chart, EDGE, head, wide, inner);
  write(`Glow · ${location.host}`, EDGE, head + inner + EDGE, "12px", colours.dim);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob) save(labels.file + ".png", blob);
}

/** Places names beside each other, on as many lines as it takes. */
function lay(g: CanvasRenderingContext2D, names: string[], wide: number): { name: string; x: number; y: number }[] {
  let [x, y] = [0, 0];
  return names.map((text) => {
    const name = fit(g, text, wide / 3);
    const room = g.measureText(name).width + 36;
    if (x > 0 && x + room > wide) [x, y] = [0, y + 22];
    const at = { name, x, y };
    x += room;
    return at;
  });
}
