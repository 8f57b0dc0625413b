// Sound, off until asked for: soft bell tones of one chord, a few a second at
// most, the more often the busier it is, panned to where the last spark was.

import { LIFE, STRIDE } from "../map/sparks";
import type { Page } from "./page";

const CHORD = [220, 261.63, 329.63, 392, 440, 523.25, 659.26];
const EVERY = 160;

let context: AudioContext | null = null;
let timer = 0;

/** Switches it on or off; whether it is on now. */
export function toggleSound(page: Page): boolean {
  if (context) {
    clearInterval(timer);
    void context.close();
    context = null;
    return false;
  }
  context = new AudioContext();
  timer = window.setInterval(() => chime(page), EVERY);
  return true;
}

function chime(page: Page): void {
  const { sparks } = page.scene;
  const now = page.app.at / 1000 - sparks.base;
  const [from, to] = sparks.range(page.app.at / 1000 - LIFE, page.app.at / 1000);
  const born: number[] = [];
  for (let i = from; i < to; i++) {
    const age = (now - sparks.data[i * STRIDE + 2]) / page.app.speed;
    if (age >= 0 && age < EVERY / 1000) born.push(sparks.data[i * STRIDE]);
  }
  if (born.length === 0 || Math.random() > 0.25 + born.length / 40) return;
  tone(CHORD[Math.floor(Math.random() * CHORD.length)], born[0] / 180, Math.min(0.05, 0.02 + born.length / 2000));
}

function tone(hertz: number, pan: number, loud: number): void {
  if (!context) return;
  const at = context.currentTime;
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.linearRampToValueAtTime(loud, at + 0.012);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + 1.6);
  const panner = new StereoPannerNode(context, { pan });
  for (const [k, part] of [[1, 1], [2.01, 0.35]]) {
    const o = new OscillatorNode(context, { frequency: hertz * k });
    o.connect(new GainNode(context, { gain: part })).connect(gain);
    o.start(at);
    o.stop(at + 1.7);
  }
  gain.connect(panner).connect(context.destination);
}
