// The app: feed, player and scene brought together. It has no interface of its
// own; ui/ shows what it knows and tells it what the viewer wants.

import { Archive } from "./feed/archive";
import type { Latest, Snapshot } from "./feed/decode";
import { Heartbeat, type News } from "./feed/live";
import { keyOf, LENGTH, startOf, type Period } from "./feed/period";
import { grain, most, plan } from "./feed/plan";
import { Player } from "./feed/player";
import { judge, type State } from "./feed/state";
import { LIFE } from "./map/sparks";
import type { Scene } from "./map/scene";
import type { Numbers, Total } from "./numbers";
import type { Settings } from "./settings";

export class App {
  readonly heartbeat: Heartbeat;
  readonly archive: Archive;
  readonly player = new Player();
  numbers: Numbers | null = null; // until the interface is here
  errors: string[] = [];
  #grain: Period = "10s";
  #emberHour = -1;
  #emberMinute = -1;
  /** Until when events are known of, in seconds. */
  newestEvent = 0;
  #fed = 0;

  constructor(
    readonly settings: Settings,
    readonly scene: Scene,
  ) {
    const base = settings.feed + "v1/";
    const failed = (e: Error) => {
      this.errors = [...this.errors.slice(-19), e.message];
    };
    this.archive = new Archive(base, (s) => this.#arrived(s), failed);
    this.heartbeat = new Heartbeat(base + "latest.json", (l, news) => this.#beat(l, news), failed);
  }

  get latest(): Latest | null {
    return this.heartbeat.latest;
  }

  #beat(latest: Latest, news: News): void {
    if (news !== "more") {
      this.archive.clear();
      this.numbers?.clear();
      if (news === "other") this.numbers?.reset(); // else the number stands until there is a newer one
      this.scene.sparks.clear();
      this.#emberHour = this.#emberMinute = -1;
    }
    this.archive.learn(latest);
    const ten = latest.recent.at(-1) ?? latest.newest.get("10s") ?? 0;
    this.newestEvent = Math.max(ten + 10, (latest.newest.get("1m") ?? -60) + 60);
    this.#feed();
  }

  #arrived(s: Snapshot): void {
    this.numbers?.arrived(s);
    if (s.period === "1h") this.#emberHour = -1;
    this.#feed();
  }

  /** Until when all is published, in ms: as far as whole snapshots of 10 s go. */
  get #known(): number {
    return startOf("10s", this.latest?.published ?? Infinity) * 1000;
  }

  /** The moment that live shows, in ms: the delay behind, and never beyond what is published. */
  present(): number {
    return Math.min(this.heartbeat.now() - (this.latest?.delay ?? 0) * 1000, this.#known);
  }

  /** The moment that is shown. */
  get at(): number {
    return this.player.at;
  }

  get speed(): number {
    return this.player.live ? 1 : this.player.speed;
  }

  get state(): State {
    return this.#judge(this.player.live, this.player.paused);
  }

  /** How the feed is, whatever the viewer looks at. */
  get feedState(): State {
    return this.#judge(true, false);
  }

  #judge(live: boolean, stopped: boolean): State {
    return judge({
      known: this.latest !== null,
      status: this.latest?.status ?? "live",
      online: this.heartbeat.online,
      silence: this.heartbeat.silence(),
      quiet: this.at / 1000 - this.newestEvent,
      live, stopped,
    });
  }

  /** One frame at a local time. */
  frame(local: number): void {
    const at = this.player.tick(local, this.present(), this.#known);
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
    if (!this.player.live || this.scene.sparks.count > 0 || performance.now() > 6000) this.numbers?.want(at); // sparks first
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
    const drawn = most(s.period, life);
    sparks.add(name, s, drawn);
    this.scene.learnDensity(s, LENGTH[s.period], this.speed, drawn);
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

  /** The total of the main type; null while unknown. */
  total(): Total | null {
    return this.numbers?.total() ?? null;
  }
}
