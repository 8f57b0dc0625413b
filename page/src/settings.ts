// settings.json, which lies beside the page: all that a site may want to change
// without building the page again.

import { FetchError, get } from "./feed/get";

export interface TypeSettings {
  name: string;
  colour: string;
  share: string; // URL to share at, with {url} and {text}; "" for none
}

export interface Settings {
  build: string;
  feed: string; // the folder that holds v1/, with a slash at its end
  title: string;
  subtitle: string;
  main: string; // the type that is counted large
  types: Map<string, TypeSettings>;
  sharehook: string;
  text: string; // of shares
  attribution: string;
  replay: "ended" | "stopped" | "never"; // when an untouched screen replays by itself; stopped: then, too
}

const COLOURS = ["#ff8f29", "#26b3ff", "#9e6bff", "#3ddc97", "#ff5fa2", "#e6e05a", "#5ad8e6", "#c9d1e0"];

const text = (v: unknown, otherwise: string): string => (typeof v === "string" ? v : otherwise);

const colour = (v: unknown, otherwise: string): string => (typeof v === "string" && /^#[0-9a-f]{6}$/i.test(v) ? v : otherwise);

/**
 * Reads settings.json; whatever is missing or wrong in it has a default. While
 * it cannot be had, since nobody answers, it is asked for again: without it the
 * page does not know its feed.
 */
export async function loadSettings(): Promise<Settings> {
  for (let cache: RequestCache = "default"; ; cache = "no-store") { // first what is preloaded
    try {
      const inline = document.getElementById("settings")?.textContent;
      return readSettings(inline ? JSON.parse(inline) : (await get("settings.json", cache)).json);
    } catch (e) {
      if (!(e instanceof FetchError) || e.reason === "broken") console.warn("settings.json is unusable", e);
      else if (e.reason !== "missing") {
        await new Promise((again) => setTimeout(again, 2000));
        continue;
      }
      return readSettings({});
    }
  }
}

export function readSettings(json: unknown): Settings {
  const o = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  const types = new Map<string, TypeSettings>();
  for (const [type, v] of Object.entries((o.types ?? {}) as Record<string, Record<string, unknown>>)) {
    const share = text(v?.share, "");
    types.set(type, {
      name: text(v?.name, ""),
      colour: colour(v?.color, COLOURS[types.size % COLOURS.length]),
      share: share.startsWith("https://") ? share : "",
    });
  }
  const feed = text(o.feed, "feed");
  return {
    build: text(o.build, ""),
    feed: feed.endsWith("/") ? feed : feed + "/",
    title: text(o.title, "Glow"),
    subtitle: text(o.subtitle, ""),
    main: text(o.main, "download"),
    types,
    sharehook: text(o.sharehook, ""),
    text: text(o.text, ""),
    attribution: text(o.attribution, ""),
    replay: o.replay === "stopped" || o.replay === "never" ? o.replay : "ended",
  };
}

/** The name of a type: as set, or the last word of it. */
export function typeName(s: Settings, type: string): string {
  const word = type.split(":").pop()!;
  return s.types.get(type)?.name || word[0].toUpperCase() + word.slice(1);
}

/** Types in the order of the palette, the main one first. */
export class Palette {
  #order: string[];

  constructor(private settings: Settings) {
    this.#order = [settings.main, ...[...settings.types.keys()].filter((t) => t !== settings.main)];
  }

  /** The place of a type in the palette; unknown ones are added. */
  kind(type: string): number {
    let i = this.#order.indexOf(type);
    if (i < 0) i = this.#order.push(type) - 1;
    return Math.min(i, 7);
  }

  css(type: string): string {
    return this.settings.types.get(type)?.colour ?? COLOURS[this.kind(type)];
  }

  /** The colours as light, for the renderers. */
  light(): [number, number, number][] {
    return COLOURS.map((c, i) => {
      const hex = parseInt((this.settings.types.get(this.#order[i])?.colour ?? c).slice(1), 16);
      return [(hex >> 16) / 255, ((hex >> 8) & 255) / 255, (hex & 255) / 255];
    });
  }
}
