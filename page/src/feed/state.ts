// What the page says about itself. One function decides, so that the badge
// never claims more than is known.

import type { FeedStatus } from "./decode";

export type State =
  | "loading" | "live" | "quiet" | "late" | "stopped" | "recovering"
  | "paused" | "ended" | "offline" | "replay" | "frozen";

export interface Facts {
  known: boolean; // a heartbeat has come
  status: FeedStatus;
  online: boolean; // the browser has a network and the last fetch was answered
  silence: number; // seconds since the feed last published, by its own clock
  quiet: number; // seconds since the newest event known of
  live: boolean; // the viewer watches the present
  stopped: boolean; // the viewer pressed pause
}

/** A heartbeat comes at least every 10 s; this much later it is late. */
export const LATE = 25;
/** And this much later it has stopped. */
export const STOPPED = 120;
/** No event for this long is worth saying. */
export const QUIET = 90;

export function judge(f: Facts): State {
  if (f.stopped) return "frozen";
  if (!f.live) return "replay";
  if (!f.known) return f.online ? "loading" : "offline";
  if (f.status === "ended") return "ended";
  if (!f.online) return "offline";
  if (f.silence > STOPPED) return "stopped";
  if (f.silence > LATE) return "late";
  if (f.status === "paused" || f.status === "recovering") return f.status;
  return f.quiet > QUIET ? "quiet" : "live";
}
