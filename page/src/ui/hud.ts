// The numbers: total, rate, badge, shares by network, and the summary for those
// who listen.

import type { App } from "../app";
import type { Numbers } from "../numbers";
import { typeName, type Palette } from "../settings";
import { byId, make, setText } from "./dom";
import type { Language } from "./i18n";
import { fill, top } from "./ranks";
import type { Rerun } from "./rerun";
import type { Text } from "./en";

const ANNOUNCE = 60_000;

export class Hud {
  #total = byId("total");
  #rate = byId("rate");
  #state = byId("state");
  #summary = byId("summary");
  #announced = -ANNOUNCE + 8000;
  #said = "";

  constructor(
    private app: App,
    private numbers: Numbers,
    private language: Language,
    private palette: Palette,
    private rerun: Rerun,
  ) {}

  /** Ten times a second: the total, and the badge, which names a replay's moment. */
  quick(): void {
    const { app, language } = this;
    const { state } = app;
    if (this.#state.dataset.state !== state) this.#state.dataset.state = state;
    const when = state === "replay" || state === "frozen" ? " · " + language.moment(app.at) : "";
    setText(this.#state, language.t(state) + when);
    const total = this.numbers.total();
    setText(this.#total, total ? this.language.number(total.n) : "\u00a0");
    this.#total.classList.toggle("guess", total !== null && !total.exact);
  }

  /** Once a second: the rest. */
  slow(local: number): void {
    const { app, language } = this;
    setText(this.#rate, language.number(this.numbers.rate(app.settings.main)));
    const message = byId("message");
    const words = [app.latest?.message, this.rerun.text()].filter(Boolean).join(" ");
    message.hidden = words === "";
    setText(message, words);
    const credits = [app.settings.attribution, app.latest?.attribution, app.latest?.geoip];
    this.#credit(credits.filter(Boolean).join(" · "));
    this.#shares();
    this.#announce(local);
  }

  /** Sources want to be linked to, so addresses become links. */
  #credit(text: string): void {
    const e = byId("credit");
    if (e.textContent === text) return;
    const parts = text.split(/(https:\/\/[^\s)]+)/);
    e.replaceChildren(...parts.map((part, i) => (i % 2 ? make("a", { href: part }, part) : part)));
  }

  /** The newest counts of the main type at the moment: minute, else hour, else day. */
  #counts() {
    const at = this.app.at / 1000;
    const { numbers } = this;
    return numbers.of("1m", at - 60) ?? numbers.of("1h", at) ?? numbers.of("1d", at);
  }

  #shares(): void {
    const { app, language, palette } = this;
    const totals = new Map<string, number>();
    for (const [type, n] of app.latest?.totals ?? []) {
      if (type === app.settings.main) continue;
      const exact = this.numbers.counter.at(type, app.at / 1000);
      const count = exact ?? (app.player.live ? n : null);
      if (count !== null) totals.set(type, Math.floor(count));
    }
    byId("shared").hidden = totals.size === 0;
    const rows = top(totals, 6).map(([type, n]): [string, string, string] => [
      typeName(app.settings, type), language.number(n), palette.css(type),
    ]);
    fill(byId("shares"), rows);
  }

  /** Says the essentials, at most once a minute, and at once if the state changes. */
  #announce(local: number): void {
    const { app, language } = this;
    const { state } = app;
    const total = this.numbers.total();
    if (!total || (local - this.#announced < ANNOUNCE && (state === this.#said || local - this.#announced < 5000))) return;
    this.#announced = local;
    this.#said = state;
    const places = top(this.#counts()?.countries ?? new Map(), 3).map(([code]) => language.country(code));
    const gaps = {
      total: language.number(total.n), time: language.time(app.at), rate: language.number(this.numbers.rate(app.settings.main)),
      places: language.list(places), state: language.t(state as Text),
    };
    setText(this.#summary, language.t("summary", gaps));
  }
}
