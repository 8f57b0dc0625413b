// The viewer's language: texts, numbers, dates and names of countries. English
// is in the page; other languages are fetched when they are needed.

import type { Text } from "./en";

type Texts = Record<string, string>;

const LOADERS: Record<string, () => Promise<{ default: Texts }>> = {
  ar: () => import("../lang/ar.json"),
  de: () => import("../lang/de.json"),
  es: () => import("../lang/es.json"),
  fr: () => import("../lang/fr.json"),
  he: () => import("../lang/he.json"),
  it: () => import("../lang/it.json"),
  ja: () => import("../lang/ja.json"),
  ko: () => import("../lang/ko.json"),
  pl: () => import("../lang/pl.json"),
  pt: () => import("../lang/pt.json"),
  ru: () => import("../lang/ru.json"),
  tr: () => import("../lang/tr.json"),
  zh: () => import("../lang/zh.json"),
};

const RTL = ["ar", "he"];

/** A valid language tag out of ?lang= or what the browser wishes, best first. */
function wishes(asked: string | null): string[] {
  return [asked ?? "", ...(navigator.languages ?? []), "en"].filter((tag) => {
    try {
      return tag !== "" && Intl.getCanonicalLocales(tag).length === 1;
    } catch {
      return false;
    }
  });
}

export class Language {
  readonly tag: string;
  readonly rtl: boolean;
  #texts: Texts = {};
  #whole: Intl.NumberFormat;
  #part: Intl.NumberFormat;
  #countries: Intl.DisplayNames;
  #clock: Intl.DateTimeFormat;
  #full: Intl.DateTimeFormat;

  private constructor(tag: string) {
    this.tag = tag;
    this.rtl = RTL.includes(tag.split("-")[0]);
    this.#whole = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });
    this.#part = new Intl.NumberFormat(tag, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.#countries = new Intl.DisplayNames([tag], { type: "region" });
    this.#clock = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    this.#full = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "medium" });
  }

  /** The best language that the page has, its texts loaded. */
  static async load(asked: string | null): Promise<Language> {
    for (const tag of wishes(asked)) {
      const base = tag.split("-")[0];
      if (base !== "en" && !LOADERS[base]) continue;
      const language = new Language(tag);
      try {
        if (base !== "en") language.#texts = (await LOADERS[base]()).default;
        return language;
      } catch {
        // The next best.
      }
    }
    return new Language("en");
  }

  /** Adds English texts where the language has none. */
  add(texts: Texts): void {
    this.#texts = { ...texts, ...this.#texts };
  }

  /** A text, its {gaps} filled. */
  t(key: Text, gaps: Record<string, string> = {}): string {
    return (this.#texts[key] ?? key).replace(/\{(\w+)\}/g, (_, gap: string) => gaps[gap] ?? "");
  }

  number(n: number): string {
    return this.#whole.format(n);
  }

  percent(part: number): string {
    return this.#part.format(part);
  }

  time(ms: number): string {
    return this.#clock.format(ms);
  }

  moment(ms: number): string {
    return this.#full.format(ms);
  }

  country(code: string): string {
    try {
      return this.#countries.of(code) ?? code;
    } catch {
      return code;
    }
  }

  continent(code: string): string {
    return this.t(code as Text);
  }

  languageName(tag: string): string {
    return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
  }

  list(items: string[]): string {
    return new Intl.ListFormat(this.tag).format(items);
  }

  /** Puts texts into the page: data-t for content, data-a for labels. */
  apply(root: ParentNode): void {
    document.documentElement.lang = this.tag;
    document.documentElement.dir = this.rtl ? "rtl" : "ltr";
    for (const e of root.querySelectorAll<HTMLElement>("[data-t], [data-a]")) {
      const text = this.#texts[e.dataset.t ?? e.dataset.a!];
      if (!text) continue; // English is in the page already
      if (e.dataset.t) e.textContent = text;
      else e.setAttribute("aria-label", text);
    }
  }
}
