// Where answers are kept in the browser: the last good one to each question.

/** An answer as it came. */
export interface Kept {
  etag: string;
  text: string;
  at: number; // when it was last known to be right, in ms
}

/** How many answers are kept. */
const MOST = 200;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}

/**
 * Keeps answers in IndexedDB, and in memory where there is none. What was
 * answered to a token stays in memory: it is gone with the tab.
 */
export class Store {
  #memory = new Map<string, Kept>();
  #base: Promise<IDBDatabase | null> | undefined;

  constructor(private name = "glow") {}

  #open(): Promise<IDBDatabase | null> {
    this.#base ??= (async () => {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("answers").createIndex("at", "at");
      return settled(request);
    })().catch(() => null);
    return this.#base;
  }

  async get(key: string): Promise<Kept | undefined> {
    const held = this.#memory.get(key);
    if (held) return held;
    try {
      const base = await this.#open();
      return base ? await settled<Kept | undefined>(base.transaction("answers").objectStore("answers").get(key)) : undefined;
    } catch {
      return undefined;
    }
  }

  async put(key: string, kept: Kept, secret: boolean): Promise<void> {
    const base = secret ? null : await this.#open();
    if (!base) {
      this.#memory.set(key, kept);
      if (this.#memory.size > MOST) this.#memory.delete(this.#memory.keys().next().value!);
      return;
    }
    try {
      const answers = base.transaction("answers", "readwrite").objectStore("answers");
      await settled(answers.put(kept, key));
      const extra = (await settled(answers.count())) - MOST;
      if (extra > 0) for (const old of (await settled(answers.index("at").getAllKeys())).slice(0, extra)) answers.delete(old);
    } catch {
      this.#memory.set(key, kept); // the disk is full, or private browsing
    }
  }

  /** Forgets what was answered to a token. */
  forget(): void {
    this.#memory.clear();
  }
}
