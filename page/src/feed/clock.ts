// The server's clock, so that all screens play the same moment whatever their
// own clocks say. Every answer bounds it: a Date header D (whole seconds) that
// arrived at local time t1 for a request sent at t0 means
//
//	D − t1  ≤  server − local  <  D + 1000 − t0
//
// and a heartbeat's published is a lower bound as well. The bounds of many
// answers are intersected, widened a little as time goes by since clocks drift;
// polls are timed so that a new second begins in the middle of what is left,
// which halves it every time. A cached answer has an old Date: its lower bound
// still holds, its upper one is dropped as soon as it contradicts. Local time
// is monotonic (performance.now). All times are in ms.

export interface Sample {
  sent: number;
  received: number;
  date: number | null; // of the Date header
  published: number;
}

/** A feed that is alive but this far from its store's clock sets the clock. */
const SKEW = 60_000;
/** A heartbeat is alive this long after it last advanced. */
const ALIVE = 30_000;
/** How far clocks drift apart in a ms. */
const DRIFT = 1e-4;

export class ServerClock {
  #lo = -Infinity;
  #hi = Infinity;
  #offset: number | null = null;
  #published = 0;
  #advanced = -Infinity; // when published last did, locally
  #skewed = false;
  #last = 0;

  /** Takes in one answer. */
  add(s: Sample): void {
    this.#widen(s.received);
    const date = this.#trusted(s);
    if (date === null) this.#bound(s.published - s.received, s.published + 3000 - s.sent);
    else this.#bound(Math.max(date, this.#near(s) ? s.published : 0) - s.received, date + 1000 - s.sent);
    this.#offset = (this.#lo + this.#hi) / 2;
  }

  #near(s: Sample): boolean {
    return s.date === null || Math.abs(s.date - s.published) <= SKEW;
  }

  /** The Date to go by, or null to go by published. */
  #trusted(s: Sample): number | null {
    if (this.#published > 0 && s.published > this.#published) this.#advanced = s.received;
    this.#published = s.published;
    const skewed = !this.#near(s) && s.received - this.#advanced < ALIVE;
    if (skewed !== this.#skewed) this.reset();
    this.#skewed = skewed;
    return skewed ? null : s.date;
  }

  #widen(now: number): void {
    const drift = (now - this.#last) * DRIFT;
    this.#lo -= drift;
    this.#hi += drift;
    this.#last = now;
  }

  #bound(lo: number, hi: number): void {
    this.#lo = Math.max(this.#lo, lo);
    if (this.#hi <= this.#lo) this.#hi = Math.max(hi, this.#lo + 1); // the old one was wrong: a cache
    if (hi > this.#lo) this.#hi = Math.min(this.#hi, hi);
  }

  /** Forgets the bounds, as after the machine slept for so many ms, which local time does not count. */
  reset(slept = 0): void {
    this.#lo = -Infinity;
    this.#hi = Infinity;
    if (this.#offset !== null) this.#offset += slept;
  }

  /** Whether any answer has come yet. */
  get known(): boolean {
    return this.#offset !== null;
  }

  /** Width of what is not known. */
  get uncertainty(): number {
    return this.#hi - this.#lo;
  }

  /** The server's time at a local time. */
  at(local: number): number {
    return local + (this.#offset ?? Date.now() - performance.now());
  }

  /** When to poll next, not before earliest, to learn the most. */
  next(earliest: number, random: number): number {
    if (this.#offset === null || this.uncertainty < 80) return earliest + random * 500;
    return earliest + (1000 - ((earliest + this.#offset) % 1000));
  }
}
