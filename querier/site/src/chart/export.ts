// A chart as a picture to take along: it says by itself what it shows.

import { save } from "../csv";
import { barsHeight } from "./bars";
import { draw } from "./draw";
import { ink } from "./ink";
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
  const head = EDGE + 58 + (labels.names.length > 1 ? 30 : 0);
  const inner = s.kind === "bars" ? Math.max(barsHeight(s, SIZE), HEIGHT - head - EDGE - 20) : HEIGHT - head - EDGE - 20;
  canvas.width = WIDTH * RATIO;
  canvas.height = (head + inner + EDGE + 20) * RATIO;
  const chart = document.createElement("canvas");
  [chart.width, chart.height] = [(WIDTH - 2 * EDGE) * RATIO, inner * RATIO];
  const own = chart.getContext("2d")!;
  own.scale(RATIO, RATIO);
  const colours = ink();
  await draw({ g: own, width: WIDTH - 2 * EDGE, height: inner, size: SIZE, ink: colours, rtl: false }, s, labels.grid ?? 0.5);

  const g = canvas.getContext("2d")!;
  g.scale(RATIO, RATIO);
  g.fillStyle = colours.back;
  g.fillRect(0, 0, WIDTH, canvas.height);
  const write = (text: string, x: number, y: number, font: string, fill: string) => {
    g.font = `${font} ${colours.font}`;
    g.fillStyle = fill;
    g.fillText(text, x, y, WIDTH - 2 * EDGE);
  };
  write(labels.title, EDGE, EDGE + 20, "650 26px", colours.text);
  write(labels.note, EDGE, EDGE + 46, "14px", colours.dim);
  let x = EDGE;
  if (labels.names.length > 1) {
    labels.names.forEach((name, i) => {
      g.fillStyle = colours.series[i % colours.series.length];
      g.beginPath();
      g.arc(x + 6, EDGE + 67, 5, 0, 7);
      g.fill();
      write(name, x + 18, EDGE + 72, "14px", colours.text);
      x += 36 + g.measureText(name).width;
    });
  }
  g.drawImage(chart, EDGE, head, WIDTH - 2 * EDGE, inner);
  write(`Glow · ${location.host}`, EDGE, head + inner + EDGE, "12px", colours.dim);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob) save(labels.file + ".png", blob);
}
