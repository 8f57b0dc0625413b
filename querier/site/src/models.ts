// Charts of all models, each asked for when it comes into sight.

import { byId, make, setText } from "../../../page/src/ui/dom";
import { Figure } from "./chart/figure";
import { MOMENTS, type Kind } from "./chart/shape";
import { Trouble, type Client, type Got } from "./client";
import { shapes, type Keys, type Model, type Rows } from "./types";
import { RANGES, span, write, type View } from "./view";
import { number, title } from "./words";

/** How many rows a page has, and how many pages a chart takes. */
const ROWS = 5000;
const PAGES = 4;
/** From how many models on one can look for some. */
const MANY = 12;

export class Models {
  #list = byId("model-list");
  #range = byId<HTMLSelectElement>("model-range");
  #find = byId<HTMLInputElement>("model-find");
  #figures = new Map<string, Figure>();
  #seen = new IntersectionObserver((entries) => entries.forEach((e) => e.isIntersecting && this.#wanted(e.target)), { rootMargin: "300px" });
  #known: Keys = { keys: [], dimensions: [] };
  #range_ = "all";

  constructor(
    private client: Client,
    private view: View,
    private told: (got: Got<unknown> | Trouble) => void,
  ) {
    if (view.model) this.#range_ = view.range;
    const all = [...Object.entries(RANGES)].filter(([k]) => k !== "1h");
    this.#range.replaceChildren(...all.map(([k, [name]]) => make("option", { value: k }, name)));
    if (RANGES[this.#range_]) this.#range.value = this.#range_;
    this.#range.addEventListener("change", () => {
      this.#range_ = this.#range.value;
      this.refresh();
    });
    this.#find.addEventListener("input", () => this.#narrow());
  }

  /** Shows these models; charts that are there stay. */
  show(models: Model[], keys: Keys): void {
    this.#known = keys;
    const old = new Set(this.#figures.keys());
    for (const m of models) {
      if (!old.delete(m.name)) this.#add(m);
      const state = this.#figures.get(m.name)!.root.querySelector(".state")!;
      setText(state, m.state ?? "");
      state.toggleAttribute("hidden", !m.state || m.state === "ready");
    }
    for (const name of old) {
      this.#figures.get(name)!.root.parentElement!.remove();
      this.#figures.delete(name);
    }
    byId("no-models").hidden = models.length > 0;
    this.#find.hidden = models.length <= MANY;
    this.#narrow();
    this.refresh();
  }

  /** Leaves those in sight that one looks for. */
  #narrow(): void {
    const words = this.#find.hidden ? [] : this.#find.value.toLowerCase().split(/\s+/);
    let n = 0;
    for (const [name, f] of this.#figures) {
      const text = (name + " " + f.root.querySelector("figcaption")!.textContent).toLowerCase();
      const fits = words.every((w) => text.includes(w));
      f.root.parentElement!.hidden = !fits;
      if (fits) n++;
    }
    setText(byId("model-count"), words.join("") ? `${n} of ${this.#figures.size}` : "");
  }

  /** Asks again for all that is in sight. */
  refresh(): void {
    for (const f of this.#figures.values()) {
      this.#seen.unobserve(f.root);
      this.#seen.observe(f.root);
    }
  }

  #add(m: Model): void {
    const own = this.view.model === m.name;
    const link = (chart: Kind) => write({ ...this.view, model: m.name, range: this.#range_, every: "", by: "", filters: [], chart });
    const figure = new Figure({ title: title(m.name), file: m.name, note: m.summary, kind: own ? this.view.chart : undefined, link, grid: this.#known.grid });
    figure.root.dataset.model = m.name;
    figure.root.tabIndex = 0; // until it is asked for, there is nothing else in it to reach
    figure.root.querySelector("figcaption h3")!.after(make("p", { class: "state" }));
    figure.wait();
    this.#figures.set(m.name, figure);
    const item = make("li", {}, figure.root);
    if (own) this.#list.prepend(item);
    else this.#list.append(item);
    if (own) {
      item.classList.add("own");
      requestAnimationFrame(() => item.scrollIntoView({ block: "start" }));
    }
  }

  #wanted(root: Element): void {
    const name = (root as HTMLElement).dataset.model!;
    const figure = this.#figures.get(name);
    if (figure) void this.#load(name, figure);
  }

  async #load(name: string, figure: Figure): Promise<void> {
    const { token } = this.client;
    try {
      const rows = await this.#rows(name);
      if (token === this.client.token) figure.show(rows, { part: part(rows) });
    } catch (e) {
      if (!(e instanceof Trouble)) throw e;
      if (token !== this.client.token) return;
      figure.fail(e.message);
      if (e.status === 401) this.told(e);
    } finally {
      figure.root.tabIndex = -1;
    }
  }

  /** The rows of a model, page by page; if they are too many, the newest. */
  async #rows(name: string): Promise<Rows> {
    const { token } = this.client;
    const path = "v1/models/" + encodeURIComponent(name);
    const p = new URLSearchParams({ rows_per_page: String(ROWS) });
    if (this.#range_ !== "all" && RANGES[this.#range_]) {
      const [from] = span({ ...this.view, range: this.#range_ }, this.#known);
      p.set("start", new Date(Math.floor(from / 864e5) * 864e5).toISOString().slice(0, 10) + "T00:00:00Z");
    }
    const first = await this.client.get(`${path}?${p}`, shapes.rows);
    if (token === this.client.token) this.told(first); // what the one before was told says nothing of the new one
    const pages = first.body.pages ?? 1;
    const skipped = rising(first.body) ? Math.max(0, pages - PAGES) : 0;
    const all = { ...first.body, rows: skipped ? [] : [...first.body.rows] };
    for (let page = Math.max(2, skipped + 1); page <= Math.min(pages, skipped + PAGES); page++) {
      p.set("page", String(page));
      if (first.body.version) p.set("version", first.body.version);
      all.rows.push(...(await this.client.get(`${path}?${p}`, shapes.rows)).body.rows);
    }
    return all;
  }
}

/** Tells if the first column is a time, and the oldest rows come first. */
function rising({ columns, rows }: Rows): boolean {
  return MOMENTS.includes(columns[0]) && rows.length > 0 && String(rows[0][0]) < String(rows[rows.length - 1][0]);
}

/** Says which part of the rows there is, if it is not all. */
function part(rows: Rows): string {
  const n = rows.rows.length;
  if (!rows.more && n >= (rows.total ?? n)) return "";
  return `The ${rising(rows) ? "newest" : "first"} ${number(n)}${rows.more ? "" : ` of ${number(rows.total!)}`} rows.`;
}
