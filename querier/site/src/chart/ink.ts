// What all charts are drawn with: colours of the page or of the viewer's system,
// and ticks at round numbers.

/** The colours, as the style sheet has them now. */
export interface Ink {
  back: string;
  text: string;
  dim: string;
  line: string;
  hot: string;
  low: string;
  land: string;
  forced: boolean; // the viewer's system has its own colours
  series: string[];
  font: string;
}

const DASHES = [[], [], [], [], [7, 4], [2, 4], [9, 3, 2, 3], [4, 4]];
export const dash = (i: number): number[] => DASHES[i % DASHES.length];

export function ink(): Ink {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue("--" + name).trim();
  return {
    back: of("ink"), text: of("fg"), dim: of("dim"), line: of("line"), hot: of("hot"), low: of("low"), land: of("land"),
    forced: matchMedia("(forced-colors: active)").matches,
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((i) => of("s" + i)),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** A canvas that is being drawn on: its size is in CSS pixels. */
export interface Sheet {
  g: CanvasRenderingContext2D;
  width: number;
  height: number;
  size: number; // of letters
  ink: Ink;
  rtl: boolean;
}

/** What is under a pointer. */
export interface Hit {
  x: number;
  y: number;
  head: string;
  rows: { name: string; text: string; series: number }[];
}

export type Point = (x: number, y: number) => Hit | null;

/** Steps between ticks, at 1, 2 or 5 times a power of ten. */
export function step(most: number, ticks: number): number {
  const raw = most / Math.max(1, ticks);
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5].find((m) => m * power >= raw * 0.999) ?? 10);
}

/** Cuts a text to a width. */
export function fit(g: CanvasRenderingContext2D, text: string, width: number): string {
  if (g.measureText(text).width <= width) return text;
  const letters = [...text]; // never half of one
  let [n, over] = [0, letters.length];
  while (over - n > 1) {
    const half = (n + over) >> 1;
    if (g.measureText(letters.slice(0, half).join("") + "…").width > width) over = half;
    else n = half;
  }
  return letters.slice(0, n).join("") + "…";
}
