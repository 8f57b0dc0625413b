// What the parts of the interface share.

import type { App } from "../app";
import type { Scene } from "../map/scene";
import type { World } from "../map/world";
import type { Palette, Settings } from "../settings";
import type { Language } from "./i18n";
import type { Ranks } from "./ranks";
import type { TimeBar } from "./timebar";

export interface Page {
  app: App;
  scene: Scene;
  language: Language;
  settings: Settings;
  palette: Palette;
  world: World;
  query: URLSearchParams;
  ranks: Ranks;
  timebar: TimeBar;
  /** Morphs to the globe or the map. */
  view(globe: boolean): void;
  /** Selects a country, or none by "". */
  choose(code: string): void;
  /** Brings everything that changes once a second up to date at once. */
  refresh(): void;
  leaveWall?: () => void;
  leftFullscreen?: () => void;
  /** Fits the map between the panels. */
  fit(): void;
}
