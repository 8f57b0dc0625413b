// Gaps: stretches of time that nobody could count or publish. A feed does not
// say so by itself; it has empty minutes there. They are no gap where little
// happens anyway, so a stretch is called one only if minutes just before and
// just after it were so busy that chance cannot have emptied it.

/** Minutes on either side that tell how busy it was. */
const EDGE = 5;
/** Events a minute that are busy. */
const BUSY = 5;
/** Events that must be missing: by chance alone that happens once in e²⁰ times. */
const SURE = 20;

function pace(minutes: (number | null)[], from: number, to: number): number {
  const known = minutes.slice(Math.max(0, from), Math.max(0, to)).filter((n) => n !== null);
  return known.length ? known.reduce((a, b) => a + b, 0) / known.length : 0;
}

/** The gaps in a list of counts by minute, null where a count is unknown: first minute and the one after the last. */
export function gaps(minutes: (number | null)[]): [number, number][] {
  const out: [number, number][] = [];
  for (let from = 0; from < minutes.length; from++) {
    if (minutes[from] !== 0) continue;
    let to = from;
    while (minutes[to] === 0) to++;
    const usual = Math.min(pace(minutes, from - EDGE, from), pace(minutes, to, to + EDGE));
    if (to < minutes.length && usual >= BUSY && usual * (to - from) >= SURE) out.push([from, to]);
    from = to;
  }
  return out;
}
