// The heartbeat: polls latest.json about every two seconds, keeps the server's
// clock, and says how the feed is.

import { ServerClock } from "./clock";
import { decodeLatest, type Latest } from "./decode";
import { FetchError, get } from "./get";

const EVERY = 2000;
const HIDDEN = 30_000;
const SLOWEST = 30_000;
/** Seconds without a heartbeat, as after sleep, that make all older snapshots stale. */
const LOST = 90;

/** What a heartbeat means for what is known: it grows, it is too old to hold, or the feed is another one. */
export type News = "more" | "lost" | "other";

export class Heartbeat {
  readonly clock = new ServerClock();
  latest: Latest | null = null;
  online = true;
  #failures = 0;
  #timer = 0;

  /** beat is called with every heartbeat that is not older than the last. */
  constructor(
    private url: string,
    private beat: (latest: Latest, news: News) => void,
    private failed: (e: FetchError) => void,
  ) {
    addEventListener("online", () => this.#soon());
    addEventListener("offline", () => (this.online = false));
    document.addEventListener("visibilitychange", () => document.hidden || this.#soon());
    watchSleep((slept) => {
      this.clock.reset(slept);
      this.#soon();
    });
  }

  /** Polls now, and from then on. */
  async start(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.#take(await get(this.url, "no-store"));
      this.#failures = 0;
      this.online = true;
    } catch (e) {
      this.#failures++;
      const error = e instanceof FetchError ? e : new FetchError("broken", String(e));
      if (error.reason === "offline" && this.#failures > 1) this.online = false;
      if (error.reason !== "offline") this.online = navigator.onLine;
      this.failed(error);
    }
    this.#later();
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.start(), 50);
  }

  #later(): void {
    const now = performance.now();
    let at = this.clock.next(now + EVERY - 500, Math.random());
    if (document.hidden) at = now + HIDDEN;
    if (this.#failures) at = now + Math.min(SLOWEST, EVERY * 2 ** (this.#failures - 1)) * (0.75 + Math.random() / 2);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.start(), at - now);
  }

  /**
   * A heartbeat that is older than the last one, from a lagging cache, changes
   * nothing; unless it comes again and again: then the feed has been restored.
   */
  #take(answer: Awaited<ReturnType<typeof get>>): void {
    const latest = decodeLatest(answer.json);
    const published = latest.published * 1000;
    this.clock.add({ sent: answer.sent, received: answer.received, date: answer.date, published });
    const old = this.latest;
    const lost = old && latest.published - old.published > LOST;
    const news = old && old.feed !== latest.feed ? "other" : lost ? "lost" : "more";
    if (old && news === "more" && latest.seq < old.seq && this.#behind++ < 5) return;
    this.#behind = 0;
    this.latest = latest;
    this.beat(latest, news);
  }
  #behind = 0;

  /** The server's time now, in ms. */
  now(): number {
    return this.clock.at(performance.now());
  }

  /** How many seconds ago the feed was last published. */
  silence(): number {
    return this.latest ? this.now() / 1000 - this.latest.published : 0;
  }
}

/** Calls back when the machine has slept and for how long: timers stood still but the wall clock did not. */
function watchSleep(woke: (ms: number) => void): void {
  let offset = Date.now() - performance.now();
  setInterval(() => {
    const now = Date.now() - performance.now();
    if (Math.abs(now - offset) > 2000) woke(now - offset);
    offset = now;
  }, 5000);
}
