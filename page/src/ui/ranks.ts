// The rankings: countries, regions or continents, now, today or of all time; a
// row chooses its country on the map.

import type { App } from "../app";
import type { Counts } from "../feed/decode";
import type { Period } from "../feed/period";
import type { Numbers } from "../numbers";
import { byId, make, setText } from "./dom";
import type { Language } from "./i18n";

/** The k largest of a table. */
export function top(counts: Map<string, number>, k: number): [string, number][] {
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, k);
}

const ROWS = 8;

type Ranking = "countries" | "regions" | "continents";
type Span = "now" | "today" | "all";

export class Ranks {
  #kind: Ranking = "countries";
  #span: Span = "now";
  #body = byId("rank");
  selected = "";

  /** choose is called with a country's code, or "" for none. */
  constructor(
    private app: App,
    private numbers: Numbers,
    private language: Language,
    private choose: (country: string) => void,
  ) {
    pressed("kinds", (b) => {
      this.#kind = b.dataset.kind as Ranking;
      this.#body.replaceChildren();
      if (this.#kind === "regions") void app.archive.wantNames().then(() => this.update());
      this.update();
    });
    pressed("spans", (b) => {
      this.#span = b.dataset.span as Span;
      this.update();
    });
  }

  /**
   * The counts that the choice stands for, and whether they are the hour's where
   * it says now: regions are counted by hours, and a fast replay goes by them.
   */
  #counts(kind: Ranking): { counts: Counts | null; hour: boolean } {
    const at = this.app.at / 1000;
    const of = this.numbers.of.bind(this.numbers);
    if (this.#span === "all") return { counts: of("all", 0), hour: false };
    if (this.#span === "today") return { counts: of("1d", at), hour: false };
    const minute = kind === "regions" ? null : (of("1m", at - 60) ?? of("1m", at - 120));
    return { counts: minute ?? of("1h", at), hour: minute === null };
  }

  name(code: string, kind: Ranking = "regions"): string {
    if (kind === "continents") return this.language.continent(code);
    if (!code.includes("-")) return this.language.country(code);
    return (this.app.archive.names.get(code) ?? code) + ", " + this.language.country(code.slice(0, 2));
  }

  /** What is known of one country: in the last minute, today, ever. */
  of(code: string): { now: number; today: number; all: number } {
    const at = this.app.at / 1000;
    const n = (period: Period, when: number) => this.numbers.of(period, when)?.countries.get(code) ?? 0;
    return { now: n("1m", at - 60), today: n("1d", at), all: n("all", 0) };
  }

  /** Once a second. */
  update(): void {
    const { counts, hour } = this.#counts(this.#kind);
    const rows = counts ? top(counts[this.#kind], ROWS) : [];
    byId("this-hour").hidden = !hour || rows.length === 0;
    this.#overview();
    while (this.#body.children.length > Math.max(1, rows.length)) this.#body.lastElementChild!.remove();
    if (rows.length === 0) {
      this.#body.replaceChildren(make("tr", {}, make("th", { scope: "row" }, this.language.t(counts ? "none" : "loading"))));
      return;
    }
    rows.forEach(([code, n], i) => this.#row(i, code, n, rows[0][1]));
  }

  /** Continents are always seen, as parts of the whole. */
  #overview(): void {
    const continents = this.#counts("continents").counts?.continents;
    if (!continents) return;
    const sum = [...continents.values()].reduce((a, b) => a + b, 0) || 1;
    fill(byId("continents"), top(continents, 6).map(([code, n]) => [this.language.continent(code), this.language.percent(n / sum), ""]));
  }

  #newRow(): HTMLElement {
    const bar = make("td", { class: "bar", "aria-hidden": "true" }, make("i"));
    const head = make("th", { scope: "row" });
    if (this.#kind === "continents") head.append(make("span"));
    else {
      const button = make("button", { type: "button" });
      button.addEventListener("click", () => this.choose(button.dataset.code!.slice(0, 2)));
      head.append(button);
    }
    return make("tr", {}, head, bar, make("td"));
  }

  #row(i: number, code: string, n: number, most: number): void {
    let tr = this.#body.children[i];
    if (!tr?.querySelector(".bar")) {
      const fresh = this.#newRow();
      if (tr) tr.replaceWith(fresh);
      else this.#body.append(fresh);
      tr = fresh;
    }
    const name = tr.querySelector<HTMLElement>("button, span")!;
    name.dataset.code = code;
    if (name instanceof HTMLButtonElement) {
      name.setAttribute("aria-pressed", String(this.selected !== "" && code.startsWith(this.selected)));
    }
    setText(name, this.name(code, this.#kind));
    tr.querySelector<HTMLElement>("i")!.style.setProperty("--part", (n / most).toFixed(3));
    setText(tr.lastElementChild!, this.language.number(n));
  }
}

/** Fills a list of name, value and colour, reusing what is there. */
export function fill(list: Element, rows: [string, string, string][]): void {
  while (list.children.length > rows.length * 2) list.lastElementChild!.remove();
  rows.forEach(([name, value, colour], i) => {
    if (!list.children[i * 2]) list.append(make("dt", {}, make("i"), make("span")), make("dd"));
    const [dt, dd] = [list.children[i * 2] as HTMLElement, list.children[i * 2 + 1]];
    const mark = dt.firstElementChild as HTMLElement;
    mark.hidden = colour === "";
    mark.style.setProperty("--c", colour);
    setText(dt.lastElementChild!, name);
    setText(dd, value);
  });
}

/** Buttons of a group of which one is pressed. */
export function pressed(group: string, chosen: (b: HTMLElement) => void): void {
  const buttons = [...byId(group).querySelectorAll<HTMLElement>("[aria-pressed]")];
  for (const b of buttons) {
    b.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === b));
      chosen(b);
    });
  }
}
