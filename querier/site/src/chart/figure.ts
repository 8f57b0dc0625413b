// One chart on the page: drawing, legend, what is under the pointer, the table
// for those who listen, and the ways to take it along.

import { make, setText } from "../../../../page/src/ui/dom";
import { saveCSV } from "../csv";
import { fill, swap } from "../swap";
import type { Table } from "../types";
import { number, title, value } from "../words";
import { barsHeight } from "./bars";
import { draw } from "./draw";
import { picture } from "./export";
import { ink, type Hit, type Point } from "./ink";
import { ASPECT, world } from "./map";
import { kinds, roles, shape, told, type Kind, type Shape } from "./shape";

/** How many rows the table on the page has; the file has all. */
const ROWS = 200;

export interface Options {
  title: string;
  file: string; // name of what is saved, without its ending
  note?: string;
  part?: string; // which part of the rows this is, as a sentence; "" if it is all
  kind?: Kind;
  grid?: number;
  level?: "h2" | "h3";
  link?: (kind: Kind) => string; // address of this very view
  chosen?: (kind: Kind) => void;
}

export class Figure {
  readonly root = make("figure", { class: "glass chart" });
  #head: HTMLElement;
  #names: HTMLElement[] = [];
  #note = make("p", { class: "note" });
  #canvas = make("canvas", { role: "img" });
  #stage = make("div", { class: "stage" }, this.#canvas);
  #tip = make("div", { class: "tip glass", "aria-hidden": "true" });
  #legend = make("ul", { class: "legend" });
  #kinds = make("div", { class: "kinds", role: "group", "aria-label": "Draw as" });
  #which = make("select", { "aria-label": "What is drawn" });
  #table = make("details", {}, make("summary", {}, "Table"));
  #foot = make("div", { class: "foot" });
  #said = make("span", { class: "said", role: "status" });
  #data: Table | undefined;
  #options: Options;
  #shape: Shape | undefined;
  #point: Point | undefined;
  #turn = 0; // drawings begun

  constructor(options: Options) {
    this.#options = options;
    this.#head = make(options.level ?? "h3", {}, options.title);
    const save = (text: string, label: string, run: () => void) => {
      const b = make("button", { type: "button", class: "small" }, text, make("span", { class: "vh" }, ` ${label} `, this.#named()));
      b.addEventListener("click", run);
      return b;
    };
    const actions = make("div", { class: "actions" },
      save("CSV", "file of", () => this.#data && saveCSV(this.#options.file, this.#data)),
      save("PNG", "picture of", () => void this.#png()));
    if (options.link) actions.append(save("Link", "to", () => void this.#share()));
    this.#table.querySelector("summary")!.append(make("span", { class: "vh" }, " of ", this.#named()));
    this.root.append(make("figcaption", {}, make("div", {}, this.#head, this.#note), this.#kinds),
      this.#which, this.#stage, this.#legend, this.#foot);
    this.#foot.append(this.#table, this.#said, actions);
    this.#stage.append(this.#tip);
    this.#tip.hidden = this.#which.hidden = this.#kinds.hidden = true;
    this.#entitle();
    this.#canvas.setAttribute("aria-label", options.title || "Chart");
    this.#foot.hidden = true; // until there is something to take along
    this.#which.addEventListener("change", () => this.#reshape());
    this.#table.addEventListener("toggle", () => this.#fill());
    for (const name of ["pointerdown", "pointermove"] as const) this.#stage.addEventListener(name, (e) => this.#hover(e));
    this.#stage.addEventListener("pointerleave", (e) => e.pointerType === "touch" || (this.#tip.hidden = true)); // a finger has left at once
    new ResizeObserver(() => void this.#paint()).observe(this.#stage);
    matchMedia("(forced-colors: active)").addEventListener("change", () => void this.#paint());
  }

  /** A place for the title, for those who listen: there are many charts. */
  #named(): HTMLElement {
    const e = make("span");
    this.#names.push(e);
    return e;
  }

  #entitle(): void {
    const { title: text } = this.#options;
    for (const e of [this.#head, ...this.#names]) setText(e, text);
    this.root.setAttribute("aria-label", text || "Chart");
  }

  /** What is drawn now: for tests and the curious. */
  get state(): { kind?: Kind; shape?: Shape; data?: Table } {
    return { kind: this.#options.kind, shape: this.#shape, data: this.#data };
  }

  /** Shows a table; what is not said stays as it was. */
  show(data: Table, more: Partial<Options> = {}): void {
    this.#data = data;
    Object.assign(this.#options, more);
    this.#entitle();
    this.root.removeAttribute("aria-busy");
    this.#foot.hidden = false;
    const able = kinds(data);
    if (!this.#options.kind || !able.includes(this.#options.kind)) this.#options.kind = able[0];
    this.#buttons(able);
    this.#columns();
    this.#reshape();
    this.#fill();
  }

  /** Says that something is on its way, and keeps room for it. */
  wait(title = this.#options.title): void {
    this.root.setAttribute("aria-busy", "true");
    if (this.#data) return;
    this.#options.title = title;
    this.#entitle();
    this.#empty("Loading…");
    this.#canvas.hidden = false;
    const size = parseFloat(getComputedStyle(this.#stage).fontSize);
    const height = high(this.#options.kind ?? "bars", this.#stage.clientWidth, size) ?? 12 * 2.1 * size;
    this.#stage.style.setProperty("--high", height + "px");
  }

  /** Says in a sentence why there is no chart. */
  fail(sentence: string): void {
    this.root.removeAttribute("aria-busy");
    this.#data = this.#shape = this.#point = undefined;
    this.#legend.replaceChildren();
    this.#foot.hidden = this.#kinds.hidden = this.#which.hidden = true;
    this.#turn++;
    this.#canvas.hidden = true;
    this.#canvas.setAttribute("aria-label", sentence);
    setText(this.#note, "");
    this.#empty(sentence);
  }

  #empty(sentence: string): void {
    this.#stage.querySelector(".empty")?.remove();
    if (sentence) this.#stage.append(make("p", { class: "empty" }, sentence));
  }

  #buttons(able: Kind[]): void {
    const names: Record<Kind, string> = { lines: "Lines", bars: "Bars", map: "Map" };
    swap(this.#kinds, able.map((k) => {
      const b = make("button", { type: "button", "aria-pressed": String(k === this.#options.kind) }, names[k]);
      b.addEventListener("click", () => {
        this.#options.kind = k;
        for (const o of this.#kinds.children) o.setAttribute("aria-pressed", String(o === b));
        this.#columns();
        this.#reshape();
        this.#options.chosen?.(k);
      });
      return b;
    }));
    this.#kinds.hidden = able.length < 2;
  }

  /** The columns, or the keys on a map, of which one at a time can be drawn. */
  #columns(): void {
    const data = this.#data!;
    const key = data.columns.indexOf("key");
    const { values } = roles(data);
    const byKey = this.#options.kind === "map" && key >= 0;
    const names = byKey ? [...new Set(data.rows.map((r) => String(r[key])))] : values.map(String);
    const was = this.#which.value;
    fill(this.#which, names.map((n) =>
      make("option", { value: n }, title(byKey ? n : data.columns[Number(n)]))));
    if (names.includes(was)) this.#which.value = was;
    this.#which.hidden = names.length < 2;
    this.#which.dataset.by = byKey ? "key" : "column";
  }

  #reshape(): void {
    const of = this.#which.value;
    const byKey = this.#which.dataset.by === "key";
    this.#shape = shape(this.#data!, this.#options.kind!, byKey ? -1 : Number(of || -1), byKey ? of : "");
    setText(this.#note, [this.#options.note?.replace(/[^.!?…]$/, "$&."), this.#shape.note, this.#options.part].filter(Boolean).join(" "));
    this.#tip.hidden = true;
    const some = this.#shape.kind === "map" ? this.#shape.countries.size + this.#shape.cells.length > 0
      : this.#shape.series.some((s) => s.values.some((v) => v !== null));
    this.#canvas.hidden = !some;
    this.#empty(some ? "" : "There is nothing to show for this span.");
    this.#canvas.setAttribute("aria-label", this.#summary());
    this.#keys();
    void this.#paint();
  }

  /** Says what is drawn, for those who listen. */
  #summary(): string {
    const s = this.#shape!;
    const what = { lines: "Lines", bars: "Bars", map: "Map" }[s.kind];
    return `${what}: ${this.#options.title}. ${told(s)} The table below has the numbers.`;
  }

  #keys(): void {
    const s = this.#shape!;
    const names = s.kind === "map" || s.series.length < 2 ? [] : s.series.map((l) => l.name);
    this.#legend.replaceChildren(...names.map((n, i) => make("li", { class: "s" + (i + 1) }, make("bdi", {}, n))));
    this.#legend.hidden = names.length === 0;
  }

  async #paint(): Promise<void> {
    const s = this.#shape;
    if (!s || this.#canvas.hidden) return;
    const turn = ++this.#turn;
    const size = parseFloat(getComputedStyle(this.#stage).fontSize);
    const width = this.#stage.clientWidth;
    if (width === 0) return;
    const height = s.kind === "bars" ? barsHeight(s, size, width) : high(s.kind, width, size)!;
    if (s.kind === "map") await world().catch(() => undefined);
    if (turn !== this.#turn) return;
    const ratio = Math.min(3, devicePixelRatio);
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#stage.style.setProperty("--high", height + "px");
    const g = this.#canvas.getContext("2d")!;
    g.scale(ratio, ratio);
    const sheet = { g, width, height, size, ink: ink(), rtl: getComputedStyle(this.root).direction === "rtl" };
    try {
      this.#point = await draw(sheet, s, this.#options.grid ?? 0.5);
      this.#canvas.dataset.drawn = s.kind;
    } catch {
      this.#empty("The map could not be loaded.");
    }
  }

  #hover(e: PointerEvent): void {
    const box = this.#canvas.getBoundingClientRect();
    const h = this.#canvas.hidden ? null : (this.#point?.(e.clientX - box.left, e.clientY - box.top) ?? null);
    this.#tip.hidden = !h;
    if (h) this.#tell(h, box.width);
  }

  #tell(h: Hit, width: number): void {
    this.#tip.replaceChildren(make("b", {}, h.head), ...h.rows.map((r) =>
      make("span", { class: h.rows.length > 1 ? "s" + (r.series + 1) : "" }, make("bdi", {}, r.name), make("i", {}, r.text))));
    const left = h.x > width / 2 ? h.x - this.#tip.offsetWidth - 12 : h.x + 12;
    this.#tip.style.left = Math.max(0, Math.min(left, width - this.#tip.offsetWidth)) + "px";
    this.#tip.style.top = Math.max(0, h.y) + "px";
  }

  /** Fills the table when it is opened. */
  #fill(): void {
    const data = this.#data;
    this.#table.querySelector(".scroll")?.remove();
    if (!data || !this.#table.open) return;
    const { values } = roles(data);
    const head = make("tr", {}, ...data.columns.map((c) => make("th", { scope: "col" }, title(c))));
    const rows = data.rows.slice(0, ROWS).map((r) => make("tr", {}, ...r.map((v, i) => {
      const text = value(data.columns[i], v);
      return values.includes(i) ? make("td", { class: "n" }, text) : make("td", {}, make("bdi", {}, text));
    })));
    const caption = data.rows.length > ROWS ? `The first ${ROWS} of ${number(data.rows.length)} rows; the CSV file has ${this.#options.part ? "them" : "all"}.` : this.#options.title;
    this.#table.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of " + this.#options.title },
      make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...rows))));
  }

  async #png(): Promise<void> {
    if (!this.#shape) return;
    const names = [...this.#legend.children].map((li) => li.textContent ?? "");
    await picture(this.#shape, { ...this.#options, names, note: this.#note.textContent ?? "" });
    this.#say("Picture saved.");
  }

  async #share(): Promise<void> {
    const address = new URL(this.#options.link!(this.#options.kind ?? "lines"), location.href).href;
    history.replaceState(null, "", address);
    try {
      await navigator.clipboard.writeText(address);
      this.#say("Link copied.");
    } catch {
      this.#say("The link is in the address bar.");
    }
  }

  #say(text: string): void {
    setText(this.#said, text);
    setTimeout(() => setText(this.#said, ""), 4000);
  }
}

/** How high a chart is that is so wide; nothing if that depends on what it shows. */
function high(kind: Kind, width: number, size: number): number | undefined {
  if (kind === "map") return width / ASPECT / 1.06 + size * 2;
  return kind === "lines" ? Math.min(Math.max(width * 0.38, size * 13), size * 26) : undefined;
}
