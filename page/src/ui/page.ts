// What the parts of the interface share.

import type { App } from "../app";
import type { Scene } from "../map/scene";
import type { World } from "../map/world";
import type { Palette, Settings } from "../settings";
import type { Language } from "./i18n";
import type { Ranks } from "./ranks";
import type { TimeBar } from "./timebar";

/** What there is before the interface. */
export interface Parts {
  app: App;
  scene: Scene;
  language: Language;
  settings: Settings;
  palette: Palette;
  world: World;
  query: URLSearchParams;
  /** Milliseconds of script of the last frames, and how many there were. */
  js: Float64Array;
  frames: number;
  /** Fits the map between the panels. */
  fit?(): void;
  /** What the interface does in every frame. */
  tick?(local: number): void;
}

export interface Page extends Parts {
  ranks: Ranks;
  timebar: TimeBar;
  /** Morphs to the globe or the map. */
  view(globe: boolean): void;
  /** Selects a country, or none by "". */
  choose(code: string): void;
  /** Brings everything that changes once a second up to date at once. */
  refresh(): void;
  fit(): void;
  leaveWall?: () => void;
  leftFullscreen?: () => void;
}
