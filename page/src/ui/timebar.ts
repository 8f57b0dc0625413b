// The time bar: what happened when, and where in it the viewer is.

import type { App } from "../app";
import type { Numbers } from "../numbers";
import { Chart } from "./chart";
import { byId, setText } from "./dom";
import type { Language } from "./i18n";

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4 3h3v10H4zM9 3h3v10H9z";

export class TimeBar {
  #scrub = byId<HTMLInputElement>("scrub");
  #spanBox = byId<HTMLSelectElement>("span");
  #speedBox = byId<HTMLSelectElement>("speed");
  #dragging = false;
  #chart: Chart;

  constructor(
    private app: App,
    private numbers: Numbers,
    private language: Language,
    private changed: () => void,
    private touched: () => void,
  ) {
    this.#chart = new Chart(app, numbers);
    const hours = new Intl.NumberFormat(language.tag, { style: "unit", unit: "hour", unitDisplay: "narrow" });
    for (const o of this.#spanBox.options) if (o.value !== "0") o.text = hours.format(Number(o.value) / 3600);
    byId("clock").title = language.t("jump"); // its name is the time
    byId("play").addEventListener("click", () => this.toggle());
    byId("golive").addEventListener("click", () => this.goLive());
    this.#speedBox.addEventListener("change", () => this.speed(Number(this.#speedBox.value)));
    this.#spanBox.addEventListener("change", () => this.#chart.draw(...this.#range()));
    this.#scrub.addEventListener("input", () => {
      this.#dragging = true;
      const [from] = this.#range();
      this.seek((from + Number(this.#scrub.value)) * 1000);
    });
    this.#scrub.addEventListener("change", () => (this.#dragging = false));
  }

  toggle(): void {
    this.touched();
    this.app.player.toggle();
    this.changed();
  }

  goLive(): void {
    this.touched();
    this.numbers.reset();
    this.app.player.goLive();
    this.changed();
  }

  seek(ms: number): void {
    this.touched();
    this.app.seek(ms);
    this.changed();
  }

  /** Plays at a speed; from the present that means from an hour ago, or what the speed takes. */
  speed(speed: number): void {
    this.touched();
    const { app } = this;
    if (speed > 1 && app.present() - app.at < 1000 * speed) app.seek(app.present() - Math.max(600, speed * 24) * 1000);
    app.player.play(speed);
    this.changed();
  }

  /** What the bar spans, in seconds. */
  #range(): [number, number] {
    const to = Math.ceil(this.app.present() / 1000);
    const first = this.app.latest?.first ?? to - 3600;
    const span = Number(this.#spanBox.value) || Math.max(3600, to - first);
    const at = this.app.at / 1000;
    if (at >= to - span) return [to - span, to];
    const from = Math.floor(at - span / 2); // an older moment: the span around it
    return [from, from + span];
  }

  /** Ten times a second: thumb and clock. */
  quick(): void {
    const { app } = this;
    const [from, to] = this.#range();
    if (!this.#dragging) {
      this.#scrub.max = String(to - from);
      this.#scrub.value = String(app.at / 1000 - from);
    }
    const part = (app.at / 1000 - from) / (to - from);
    this.#scrub.style.setProperty("--at", (part * 100).toFixed(2) + "%");
    const far = Math.abs(app.present() - app.at) > 20 * 3600_000;
    const shown = far ? this.language.moment(app.at) : this.language.time(app.at);
    setText(byId("clock").firstElementChild!, shown);
    const blank = this.#chart.blank(app.at / 1000) ? " · " + this.language.t("gap") : "";
    this.#scrub.setAttribute("aria-valuetext", this.language.moment(app.at) + blank);
  }

  /** Once a second: buttons and curve. */
  slow(): void {
    const { player } = this.app;
    const t = player.paused ? "play" : "pause";
    byId("play").setAttribute("aria-label", this.language.t(t));
    byId("play-icon").setAttribute("d", player.paused ? PLAY : PAUSE);
    byId("golive").hidden = player.live;
    const speed = String(player.speed);
    if ([...this.#speedBox.options].some((o) => o.value === speed)) this.#speedBox.value = speed;
    this.#chart.draw(...this.#range());
  }
}
