// The controls of the free question.

import { byId, make } from "../../../page/src/ui/dom";
import type { Cell, Dimension, Keys } from "./types";
import { fill, swap } from "./swap";
import { EVERY, RANGES, type Filter, type View } from "./view";
import { title, value } from "./words";

const picked = (n: number) => `s${(n % 8) + 1}`;

export class Controls {
  #keys = byId("ask-keys");
  #range = byId<HTMLSelectElement>("range");
  #from = byId<HTMLInputElement>("from");
  #to = byId<HTMLInputElement>("to");
  #every = byId<HTMLSelectElement>("every");
  #by = byId<HTMLSelectElement>("by");
  #filters = byId("filters");
  #known: Keys = { keys: [], dimensions: [] };

  constructor(
    readonly view: View,
    private changed: () => void,
  ) {
    this.#range.addEventListener("change", () => this.#ranged());
    for (const e of [this.#from, this.#to]) e.addEventListener("change", () => this.#ranged());
    this.#every.addEventListener("change", () => this.#set({ every: this.#every.value }));
    this.#by.addEventListener("change", () => this.#set({ by: this.#by.value }));
    byId("add").addEventListener("click", () => this.#add());
    byId("new-dimension").addEventListener("change", () => this.#suggest());
    byId("new-value").addEventListener("keydown", (e) => {
      if (e.key === "Enter") this.#add();
    });
    byId("ask-form").addEventListener("submit", (e) => e.preventDefault());
  }

  /** Offers what there is. */
  offer(keys: Keys): void {
    this.#known = keys;
    const v = this.view;
    v.keys = v.keys.filter((k) => keys.keys.some((o) => o.key === k));
    if (v.keys.length === 0) v.keys = keys.keys.slice(0, 1).map((k) => k.key);
    this.update();
  }

  /** Shows the view as it is. */
  update(): void {
    const { view: v } = this;
    const { keys, dimensions, every } = this.#known;
    swap(this.#keys, keys.map((k) => this.#key(k.key)));
    options(this.#range, [...Object.entries(RANGES).map(([k, [name]]): [string, string] => [k, name]), ["custom", "From … to …"]], v.range);
    const own = v.range === "custom";
    byId("custom").hidden = !own;
    if (own) [this.#from.value, this.#to.value] = [v.from.slice(0, 16), v.to.slice(0, 16)];
    options(this.#every, [["", "Automatic"], ...(every ?? Object.keys(EVERY)).map((e): [string, string] => [e, "Per " + (EVERY[e]?.[0] ?? e)])], v.every);
    const plain = dimensions.filter((d) => !["time", "type", "key", "lat", "lon"].includes(d.name));
    options(this.#by, [["", "Nothing"], ...plain.map((d): [string, string] => [d.name, title(d.name)])], v.by);
    const chosen = byId<HTMLSelectElement>("new-dimension");
    options(chosen, plain.map((d) => [d.name, title(d.name)]), chosen.value);
    this.#suggest();
    swap(this.#filters, v.filters.map((f) => this.#filter(f)));
  }

  /** Narrows the question to one more value. */
  narrow(dimension: string, v: Cell): void {
    this.#set({ filters: [...this.view.filters, { dimension, not: false, values: [v] }] });
  }

  #set(change: Partial<View>): void {
    Object.assign(this.view, change);
    this.update();
    this.changed();
  }

  #key(key: string): HTMLElement {
    const at = this.view.keys.indexOf(key);
    const b = make("button", { type: "button", "aria-pressed": String(at >= 0), class: "chip " + (at >= 0 ? picked(at) : ""), title: key }, make("bdi", {}, title(key)));
    b.addEventListener("click", () => {
      const { keys } = this.view;
      const next = keys.includes(key) ? keys.filter((k) => k !== key) : [...keys, key];
      if (next.length) this.#set({ keys: next });
    });
    return b;
  }

  #ranged(): void {
    const range = this.#range.value;
    if (range !== "custom") return this.#set({ range });
    const utc = (s: string) => (s ? s.slice(0, 16) + ":00Z" : "");
    const to = utc(this.#to.value) || (this.#known.until ?? this.#known.to ?? new Date().toISOString());
    const from = utc(this.#from.value) || new Date(Date.parse(to) - 864e5).toISOString().replace(".000Z", "Z");
    const wrong = !(Date.parse(from) < Date.parse(to));
    this.#from.setCustomValidity(wrong ? "The beginning must lie before the end." : "");
    this.#from.reportValidity();
    if (!wrong) this.#set({ range, from, to });
  }

  #dimension(name: string): Dimension | undefined {
    return this.#known.dimensions.find((d) => d.name === name);
  }

  #suggest(): void {
    const name = byId<HTMLSelectElement>("new-dimension").value;
    fill(byId("values"), (this.#dimension(name)?.values ?? []).map((o) =>
      make("option", { value: o.value === null ? "unknown" : String(o.value) }, value(name, o.value))));
  }

  #add(): void {
    const name = byId<HTMLSelectElement>("new-dimension").value;
    const input = byId<HTMLInputElement>("new-value");
    const text = input.value.trim();
    if (!text || !name) return input.focus();
    input.value = "";
    const not = byId<HTMLSelectElement>("new-not").value === "not";
    this.#set({ filters: [...this.view.filters, { dimension: name, not, values: [meant(text, name, this.#dimension(name))] }] });
  }

  #filter(f: Filter): HTMLElement {
    const values = f.values.map((v) => value(f.dimension, v)).join(", ");
    const text = `${title(f.dimension)} ${f.not ? "is not" : "is"} ${values}`;
    const b = make("button", { type: "button", class: "chip", "aria-label": "Remove: " + text }, make("bdi", {}, text), " ×");
    b.addEventListener("click", () => {
      this.#set({ filters: this.view.filters.filter((o) => o !== f) });
      byId("new-dimension").focus();
    });
    return make("li", {}, b);
  }
}

/** What somebody means who types: a code, the name of one, a number, or unknown. */
function meant(text: string, name: string, d: Dimension | undefined): Cell {
  const values = d?.values ?? [];
  const same = values.find((o) => o.value !== null && String(o.value) === text)
    ?? values.find((o) => o.value !== null && value(name, o.value).toLowerCase() === text.toLowerCase());
  if (same) return same.value;
  if (text.toLowerCase() === "unknown") return null;
  const number = ["hour", "weekday", "cell"].includes(name) || values.some((o) => typeof o.value === "number");
  return number && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function options(select: HTMLSelectElement, list: [string, string][], chosen: string): void {
  fill(select, list.map(([v, name]) => make("option", { value: v }, name)));
  if (list.some(([v]) => v === chosen)) select.value = chosen;
}
