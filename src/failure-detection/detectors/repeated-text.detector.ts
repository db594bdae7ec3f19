import type { Alarm, Detector, Thresholds } from './detector.js';
import type { ObservedStep } from './observed-step.js';

/** Enough to tell two texts apart. */
const COMPARED_CHARACTERS = 4_000;

/** The model says the same over and over instead of doing something. */
export class RepeatedTextDetector implements Detector {
  private lastTrigrams?: ReadonlySet<string>;
  private count = 0;

  constructor(private readonly thresholds: Thresholds) {}

  observe({ text, calls }: ObservedStep): Alarm[] {
    if (calls.length > 0 || text.trim() === '') {
      this.lastTrigrams = undefined;
      this.count = 0;
      return [];
    }
    const trigrams = trigramsOf(text);
    const isSame = this.lastTrigrams !== undefined && similarity(trigrams, this.lastTrigrams) >= this.thresholds('detector.repeatedText.similarity');
    this.count = isSame ? this.count + 1 : 1;
    this.lastTrigrams = trigrams;
    return this.count < 2 ? [] : [this.alarm(this.count)];
  }

  private alarm(count: number): Alarm {
    return {
      detector: 'repeated_text',
      pattern: 'decision_loop',
      key: 'text',
      count,
      ladder: {
        nudge: this.thresholds('detector.repeatedText.nudge'),
        escalate: this.thresholds('detector.repeatedText.escalate'),
        stop: this.thresholds('detector.repeatedText.stop'),
      },
      nudge: `You have said nearly the same ${count} times without calling a tool. Call the tool that does the next step, or give your final answer.`,
    };
  }
}

function trigramsOf(text: string): ReadonlySet<string> {
  const plain = text.slice(0, COMPARED_CHARACTERS).toLowerCase().replace(/\s+/g, ' ').trim();
  const trigrams = new Set<string>([plain.slice(0, 2)]);
  for (let start = 0; start + 3 <= plain.length; start++) trigrams.add(plain.slice(start, start + 3));
  return trigrams;
}

/** Share of trigrams in common (Dice). */
function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const trigram of a) if (b.has(trigram)) common++;
  return (2 * common) / (a.size + b.size);
}
