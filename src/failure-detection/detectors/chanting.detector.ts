import { ChantingWatch } from './chanting-watch.js';
import type { Alarm, Detector, Thresholds } from './detector.js';
import type { ObservedStep } from './observed-step.js';

/** Enough to hear a chant by. */
const CHUNK_CHARACTERS = 200;
const HEARD_CHARACTERS = 40_000;

/** Answers that say one passage over and over. Whoever streams should use a ChantingWatch and not wait for the end. */
export class ChantingDetector implements Detector {
  private count = 0;

  constructor(private readonly thresholds: Thresholds) {}

  observe({ text }: ObservedStep): Alarm[] {
    if (!this.chants(text.slice(-HEARD_CHARACTERS))) return [];
    this.count++;
    return [
      {
        detector: 'chanting',
        pattern: 'chanting',
        key: 'text',
        count: this.count,
        ladder: { nudge: 1, escalate: this.thresholds('detector.chanting.escalate'), stop: this.thresholds('detector.chanting.stop') },
        nudge: 'Your answer repeated one passage over and over. Say each thing once, or call a tool.',
      },
    ];
  }

  private chants(text: string): boolean {
    const watch = new ChantingWatch(this.thresholds);
    for (let start = 0; start < text.length; start += CHUNK_CHARACTERS) {
      if (watch.push(text.slice(start, start + CHUNK_CHARACTERS))) return true;
    }
    return false;
  }
}
