// The player: which moment is shown. Live it follows the server's clock a fixed
// delay behind; else it plays from where it was put, at a speed, or stands still.
// Moments are in ms of the server's clock.

export class Player {
  live = true;
  paused = false;
  speed = 1;
  #moment = 0;
  #last = 0; // local ms of the last tick

  /** Pauses or goes on. */
  toggle(): void {
    this.paused = !this.paused;
    if (this.paused) this.live = false;
  }

  /** Jumps to a moment and plays from there. */
  seek(ms: number): void {
    this.live = false;
    this.#moment = ms;
  }

  /** Plays at a speed from here on. */
  play(speed: number): void {
    this.speed = speed;
    this.paused = false;
    if (speed !== 1) this.live = false;
  }

  /** Returns to the present. */
  goLive(): void {
    this.live = true;
    this.paused = false;
    this.speed = 1;
  }

  /**
   * The moment to show now. present is the moment that live shows; a replay
   * that has caught up with it is live again. A live playhead never runs back:
   * small corrections of the clock are eased in, but it stops at what is known.
   */
  tick(local: number, present: number, known = Infinity): number {
    const step = Math.min(Math.max(0, local - this.#last), 1000);
    this.#last = local;
    if (this.live) {
      const before = this.#moment;
      const off = present - before - step;
      if (Math.abs(off) > 3000) this.#moment = present;
      else this.#moment += step + Math.max(-0.2 * step, Math.min(0.2 * step, off));
      this.#moment = Math.min(this.#moment, Math.max(before, known));
      return this.#moment;
    }
    if (!this.paused) this.#moment += step * this.speed;
    if (this.#moment >= present) {
      this.#moment = present;
      if (!this.paused) this.goLive();
    }
    return this.#moment;
  }

  /** Where the playhead was at the last tick. */
  get at(): number {
    return this.#moment;
  }
}
