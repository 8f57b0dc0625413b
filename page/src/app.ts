// The app: feed, player and scene brought together. It has no interface of its
// own; ui/ shows what it knows and tells it what the viewer wants.

import { Archive } from "./feed/archive";
import { Counter } from "./feed/count";
import type { Latest, Snapshot } from "./feed/decode";
import { Heartbeat } from "./feed/live";
import { keyOf, LENGTH, startOf, type Period } from "./feed/period";
import { grain, most, plan } from "./feed/plan";
import { Player } from "./feed/player";
import { judge, type State } from "./feed/state";
import { LIFE } from "./map/sparks";
import type { Scene } from "./map/scene";
import type { Settings } from "./settings";

const MINUTE = 60_000;

export class App {
  readonly heartbeat: Heartbeat;
  readonly archive: Archive;
  readonly counter: Counter;
  readonly player = new Player();
  errors: string[] = [];
  #grain: Period = "10s";
  #shown = 0; // the total last shown, which never falls while live
  #exact = false;
  #rates = new Map<string, number>(); // as last known
  #emberHour = -1;
  #emberMinute = -1;
  #newestEvent = 0; // seconds
  #fed = 0;
  #jitter = Math.random() * 4; // seconds: not every screen asks at once

  constructor(
    readonly settings: Settings,
    readonly scene: Scene,
  ) {
    const base = settings.feed + "v1/";
    const failed = (e: Error) => {
      this.errors = [...this.errors.slice(-19), e.message];
    };
    this.archive = new Archive(base, (s) => this.#arrived(s), failed);
    this.counter = new Counter(this.archive);
    this.heartbeat = new Heartbeat(base + "latest.json", (l, other) => this.#beat(l, other), failed);
  }

  get latest(): Latest | null {
    return this.heartbeat.latest;
  }

  #beat(latest: Latest, other: boolean): void {
    if (other) {
      this.archive.clear();
      this.counter.clear();
      this.scene.sparks.clear();
      this.#exact = false;
      this.#emberHour = this.#emberMinute = -1;
    }
    this.archive.learn(latest);
    const ten = latest.recent.at(-1) ?? latest.newest.get("10s") ?? 0;
    this.#newestEvent = Math.max(ten + 10, (latest.newest.get("1m") ?? -60) + 60);
    this.#feed();
  }

  #arrived(s: Snapshot): void {
    if (s.period === "1m") for (const [type, c] of s.types) this.counter.learn(type, s.start, c.n);
    this.counter.changed();
    if (s.period === "1h") this.#emberHour = -1;
    this.#feed();
  }

  /** The moment that live shows, in ms: the delay behind, and never beyond what is published. */
  present(): number {
    if (!this.latest) return this.heartbeat.now();
    return Math.min(this.heartbeat.now() - this.latest.delay * 1000, this.latest.published * 1000);
  }

  /** The moment that is shown. */
  get at(): number {
    return this.player.at;
  }

  get speed(): number {
    return this.player.live ? 1 : this.player.speed;
  }

  get state(): State {
    return judge({
      known: this.latest !== null,
      status: this.latest?.status ?? "live",
      online: this.heartbeat.online,
      silence: this.heartbeat.silence(),
      quiet: this.at / 1000 - this.#newestEvent,
      live: this.player.live,
      stopped: this.player.paused,
    });
  }

  /** One frame at a local time. */
  frame(local: number): void {
    const at = this.player.tick(local, this.present(), (this.latest?.published ?? Infinity) * 1000);
    if (local - this.#fed > 250) {
      this.#fed = local;
      this.#feed();
    }
    this.scene.render(local, at, this.speed);
  }

  /** Jumps to a moment in ms, within what the feed has. */
  seek(ms: number): void {
    const first = (this.latest?.first ?? 0) * 1000;
    this.player.seek(Math.max(first, Math.min(ms, this.present())));
    this.#feed();
  }

  /** Makes sure that what the moment needs is here or on its way. */
  #feed(): void {
    if (!this.latest || !this.at) return;
    const at = this.at / 1000;
    this.#wantSparks(at);
    this.#wantCounts(at);
    this.#warm(at);
  }

  #wantSparks(at: number): void {
    const { speed } = this;
    const tens = this.player.live || this.archive.exists("10s", startOf("10s", at)) === true;
    const period = grain(speed, tens);
    const { sparks } = this.scene;
    if (period !== this.#grain) {
      this.#grain = period;
      sparks.clear();
    }
    const life = LIFE * speed;
    const ahead = this.player.live ? 0 : period === "10s" ? 10 : Math.max(LENGTH[period], speed * 3);
    const keys = plan(period, at, life, this.player.paused ? 0 : ahead);
    for (const key of keys) {
      const name = keyOf(key);
      if (sparks.has(name)) continue;
      const s = this.archive.peek(key.period, key.start);
      if (!s) this.archive.want(key.period, key.start);
      else this.#light(name, s, life, keys[0].start, at + ahead);
    }
  }

  #light(name: string, s: Snapshot, life: number, from: number, to: number): void {
    const { sparks } = this.scene;
    if (sparks.full || Math.abs(s.start - sparks.base) > 6 * LENGTH["1h"]) sparks.keep(from, to);
    sparks.add(name, s, most(s.period, life));
    this.scene.learnDensity(s, LENGTH[s.period], this.speed);
  }

  #wantCounts(at: number): void {
    const { archive } = this;
    if (this.player.live && this.scene.sparks.count === 0 && performance.now() < 6000) return; // sparks first
    const day = startOf("1d", at);
    const sinceMidnight = at - day;
    const fresh = this.player.live ? 5 * MINUTE : 30 * MINUTE;
    archive.want("all", 0, sinceMidnight < 300 ? MINUTE : fresh);
    archive.want("1d", day, fresh);
    if (sinceMidnight < 600) archive.want("1d", day - 86400, MINUTE);
    archive.want("1h", at, fresh);
    archive.want("1h", at - 3600, 30 * MINUTE);
    const minute = startOf("1m", at) - 60;
    if (at - minute - 60 > this.#jitter && this.speed <= 60) archive.want("1m", minute);
    if (!this.player.live && (this.speed <= 60 || this.player.paused)) archive.want("1m", at);
    if (this.player.live) for (let ten = minute + 60; ten <= at; ten += 10) archive.want("10s", ten);
  }

  /** Keeps the embers: from hours after a jump, by minutes from then on. */
  #warm(at: number): void {
    const { embers } = this.scene;
    const hour = startOf("1h", at);
    if (this.#emberHour !== hour) {
      const now = this.archive.peek("1h", hour);
      const before = this.archive.peek("1h", hour - 3600);
      if (!now && !before) return;
      embers.clear();
      const part = (at - hour) / 3600;
      if (before) embers.add(before, 1 - part);
      if (now) embers.add(now, this.player.live ? 1 : part);
      this.#emberHour = hour;
      this.#emberMinute = startOf("1m", at) - 60;
      this.scene.refreshEmbers();
    }
    const minute = startOf("1m", at) - 60;
    if (minute === this.#emberMinute) return;
    const s = this.archive.peek("1m", minute);
    if (!s && this.archive.exists("1m", minute) !== false) return;
    embers.cool(Math.exp(-Math.max(1, Math.min(60, (minute - this.#emberMinute) / 60)) / 60));
    if (s) embers.add(s, 1);
    this.#emberMinute = minute;
    this.scene.refreshEmbers();
  }

  /** The total of the main type at the moment shown; null while unknown. */
  total(): { n: number; exact: boolean } | null {
    const type = this.settings.main;
    const exact = this.counter.at(type, this.at / 1000);
    if (!this.player.live) {
      this.#exact = exact !== null;
      this.#shown = exact ?? 0;
      return exact === null ? null : { n: Math.floor(exact), exact: true };
    }
    if (exact !== null) {
      this.#shown = this.#exact ? Math.max(this.#shown, exact) : exact;
      this.#exact = true;
    } else if (!this.#exact) {
      const about = this.#about(type);
      if (about === null) return null;
      this.#shown = Math.max(this.#shown, about);
    }
    return { n: Math.floor(this.#shown), exact: this.#exact };
  }

  /** A first guess, a little low so that the exact number does not fall. */
  #about(type: string): number | null {
    const { latest } = this;
    if (!latest) return null;
    const at = this.at / 1000;
    const tens = [at, at - 10].map((t) => this.archive.peek("10s", t)?.types.get(type)?.n ?? 0);
    const busy = Math.max(...tens) / 10; // a second
    if (busy === 0) return null;
    return Math.max(0, (latest.totals.get(type) ?? 0) - busy * 1.6 * Math.max(0, latest.published - at + 10));
  }

  /** Events of a type in the minute before the moment shown. */
  rate(type: string): number {
    const at = this.at / 1000;
    const n = this.counter.between(type, at - 60, at);
    if (n !== null) this.#rates.set(type, Math.max(0, n));
    return this.#rates.get(type) ?? 0;
  }

  /** Forgets the total shown, after the viewer has jumped. */
  resetTotal(): void {
    this.#exact = false;
    this.#shown = 0;
  }
}
