// The rerun: when the event is over, or on wish when the feed has stopped, a
// screen that nobody touches replays what there was, and says that it does. It
// ends by itself as soon as there is something new.

import type { App } from "../app";
import { LIFE } from "../map/sparks";
import type { Numbers } from "../numbers";
import type { Language } from "./i18n";

/** How long the present is shown before a rerun, in ms of local time. */
const REST = 20_000;
/** And after the viewer has asked for the present. */
const LONG_REST = 300_000;
const DAY = 86400;

export class Rerun {
  #on = false;
  #rested = 0; // local ms since when the present has been shown
  #rest = REST;

  constructor(
    private app: App,
    private numbers: Numbers,
    private language: Language,
  ) {}

  /** Called whenever the viewer chooses what to see. */
  touched(): void {
    this.#on = false;
    this.#rested = 0;
    this.#rest = LONG_REST;
  }

  /** Why there may be a rerun: the feed has ended, or stopped and the site wants one then. */
  #due(): "ended" | "stopped" | null {
    const state = this.app.feedState;
    const { replay } = this.app.settings;
    if (state === "ended" && replay !== "never") return state;
    return state === "stopped" && replay === "stopped" ? state : null;
  }

  /** Once a second. */
  tick(local: number): void {
    const { player } = this.app;
    const due = this.#due();
    if (this.#on && player.live) this.#on = false; // it has come to its end
    const over = this.app.at / 1000 > this.app.newestEvent + LIFE * this.app.speed;
    if (this.#on && (!due || over)) {
      this.#on = false;
      this.numbers.reset();
      player.goLive();
    }
    if (!due || !player.live) {
      this.#rested = 0;
      return;
    }
    this.#rested ||= local;
    if (local - this.#rested > this.#rest) this.#start();
  }

  /** Replays up to the last day, in a few minutes. */
  #start(): void {
    const { app } = this;
    const end = app.newestEvent;
    const from = Math.max(app.latest?.first ?? end, end - DAY);
    if (end - from < 60) return;
    this.#on = true;
    this.#rest = REST;
    this.#rested = 0;
    app.seek(from * 1000);
    app.player.play(end - from > 7200 ? 600 : 60);
  }

  /** What is to be said about it; "" if there is none. */
  text(): string {
    const due = this.#on && this.#due();
    const { latest, settings } = this.app;
    if (!due || !latest) return "";
    const n = this.language.number(latest.totals.get(settings.main) ?? 0);
    return this.language.t(due === "ended" ? "rerun_ended" : "rerun_stopped", { n, time: this.language.moment(latest.published * 1000) });
  }
}
