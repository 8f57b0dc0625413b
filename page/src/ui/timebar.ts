// The time bar: what happened when, and where in it the viewer is.

import type { App } from "../app";
import { dateOf } from "../feed/period";
import type { Numbers } from "../numbers";
import { byId, setText } from "./dom";
import type { Language } from "./i18n";

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4 3h3v10H4zM9 3h3v10H9z";
const WIDTH = 600;
const HEIGHT = 48;

export class TimeBar {
  #scrub = byId<HTMLInputElement>("scrub");
  #spanBox = byId<HTMLSelectElement>("span");
  #speedBox = byId<HTMLSelectElement>("speed");
  #dragging = false;

  constructor(
    private app: App,
    private numbers: Numbers,
    private language: Language,
    private changed: () => void,
  ) {
    const hours = new Intl.NumberFormat(language.tag, { style: "unit", unit: "hour", unitDisplay: "narrow" });
    for (const o of this.#spanBox.options) if (o.value !== "0") o.text = hours.format(Number(o.value) / 3600);
    byId("clock").title = language.t("jump"); // its name is the time
    byId("play").addEventListener("click", () => this.toggle());
    byId("golive").addEventListener("click", () => this.goLive());
    this.#speedBox.addEventListener("change", () => this.speed(Number(this.#speedBox.value)));
    this.#spanBox.addEventListener("change", () => this.#draw());
    this.#scrub.addEventListener("input", () => {
      this.#dragging = true;
      const [from] = this.#range();
      this.seek((from + Number(this.#scrub.value)) * 1000);
    });
    this.#scrub.addEventListener("change", () => (this.#dragging = false));
  }

  toggle(): void {
    this.app.player.toggle();
    this.changed();
  }

  goLive(): void {
    this.numbers.reset();
    this.app.player.goLive();
    this.changed();
  }

  seek(ms: number): void {
    this.app.seek(ms);
    this.changed();
  }

  /** Plays at a speed; from the present that means from an hour ago, or what the speed takes. */
  speed(speed: number): void {
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
    this.#scrub.setAttribute("aria-valuetext", this.language.moment(app.at));
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
    this.#draw();
  }

  /** Counts along the bar: a minute, a quarter of an hour or a day a point. */
  #points(from: number, to: number): number[] {
    const { settings, archive } = this.app;
    const { counter } = this.numbers;
    const step = to - from <= 7200 ? 60 : 900;
    const first = Math.ceil(from / step) * step;
    if (to - from > 2 * 86400) {
      const days = archive.peek("all", 0)?.types.get(settings.main)?.days;
      const out: number[] = [];
      for (let d = Math.floor(from / 86400) * 86400; d < to; d += 86400) out.push(days?.get(dateOf(d)) ?? 0);
      return out;
    }
    const out: number[] = [];
    for (let s = first; s + step <= to; s += step) {
      let n = 0;
      for (let m = s; m < s + step; m += 60) n += counter.minute(settings.main, m);
      out.push(n);
    }
    return out;
  }

  #draw(): void {
    const [from, to] = this.#range();
    const points = this.#points(from, to);
    const most = Math.max(1, ...points) * 1.08;
    const x = (i: number) => ((i / Math.max(1, points.length - 1)) * WIDTH).toFixed(1);
    const y = (n: number) => (HEIGHT - 6 - (n / most) * (HEIGHT - 8)).toFixed(1);
    const line = "M" + points.map((n, i) => x(i) + " " + y(n)).join("L");
    byId("chart-line").setAttribute("d", points.length > 1 ? line : "");
    byId("chart-area").setAttribute("d", points.length > 1 ? `${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z` : "");
    this.#hatch(from, to);
  }

  /** Hatches the time of which nothing is known: after the feed fell silent. */
  #hatch(from: number, to: number): void {
    const gap = byId("chart-gap");
    const now = this.app.heartbeat.now() / 1000;
    const known = this.app.latest?.published ?? now;
    const end = this.app.player.live ? now - (this.app.latest?.delay ?? 0) : to;
    const start = Math.max(from, this.app.heartbeat.silence() > 25 ? known - 60 : end);
    gap.setAttribute("x", String(((start - from) / (to - from)) * WIDTH));
    gap.setAttribute("width", String(Math.max(0, ((to - start) / (to - from)) * WIDTH)));
  }
}
