// The ranking of countries or regions, now, today or of all time; a row chooses
// a country on the map.

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

type Ranking = "countries" | "regions";
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
      if (this.#kind === "regions") void app.archive.wantNames().then(() => this.update());
      this.update();
    });
    pressed("spans", (b) => {
      this.#span = b.dataset.span as Span;
      this.update();
    });
  }

  /** The counts that the choice stands for; regions are counted by hours. */
  #counts(): Counts | null {
    const { numbers } = this;
    const at = this.app.at / 1000;
    const of = numbers.of.bind(numbers);
    if (this.#span === "all") return of("all", 0);
    if (this.#span === "today") return of("1d", at);
    return this.#kind === "regions" ? of("1h", at) : of("1m", at - 60) ?? of("1m", at - 120) ?? of("1h", at);
  }

  name(code: string): string {
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
    const counts = this.#counts();
    const rows = counts ? top(counts[this.#kind], ROWS) : [];
    while (this.#body.children.length > Math.max(1, rows.length)) this.#body.lastElementChild!.remove();
    if (rows.length === 0) {
      this.#body.replaceChildren(make("tr", {}, make("th", { scope: "row" }, this.language.t(counts ? "none" : "loading"))));
      return;
    }
    rows.forEach(([code, n], i) => this.#row(i, code, n, rows[0][1]));
  }

  #row(i: number, code: string, n: number, most: number): void {
    let tr = this.#body.children[i];
    if (!tr?.querySelector("button")) {
      const button = make("button", { type: "button" });
      button.addEventListener("click", () => this.choose(button.dataset.code!.slice(0, 2)));
      const bar = make("td", { class: "bar", "aria-hidden": "true" }, make("i"));
      const fresh = make("tr", {}, make("th", { scope: "row" }, button), bar, make("td"));
      if (tr) tr.replaceWith(fresh);
      else this.#body.append(fresh);
      tr = fresh;
    }
    const button = tr.querySelector("button")!;
    button.dataset.code = code;
    button.setAttribute("aria-pressed", String(this.selected !== "" && code.startsWith(this.selected)));
    setText(button, this.name(code));
    tr.querySelector("i")!.style.setProperty("--part", (n / most).toFixed(3));
    setText(tr.lastElementChild!, this.language.number(n));
  }
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
