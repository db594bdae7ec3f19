import { EMPTY_COMPLETION, projectCompletion } from '../../../src/gateways/openai-compatible/completion-projector.js';
import type { RunEvent, RunEventBody } from '../../../src/streaming/index.js';

const delta = (text: string): RunEventBody => ({ type: 'text.delta', data: { messageId: 'm', text } });
const DISCARDED: RunEventBody = { type: 'text.discarded', data: { messageId: 'm', reason: 'retry' } };
const COMPLETED = { type: 'run.completed', data: { finishReason: 'stop', message: { id: 'm', text: '' }, usage: {}, billing: {} } } as unknown as RunEventBody;

function eventsOf(bodies: readonly RunEventBody[]): RunEvent[] {
  return bodies.map((body, index) => Object.assign({ runId: 'r', seq: index + 1, at: 0 }, body));
}

/** @param cut how many events come in the first of two batches */
function told(bodies: readonly RunEventBody[], cut: number): { text: string; end: string | undefined } {
  const events = eventsOf(bodies);
  const first = projectCompletion(EMPTY_COMPLETION, events.slice(0, cut));
  const parts = [...first.parts, ...projectCompletion(first.state, events.slice(cut)).parts];
  return { text: parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''), end: parts.at(-1)?.kind };
}

describe('a completion that cannot take text back', () => {
  it('is the same wherever its events are cut, and joins deltas that come together', () => {
    const bodies = [delta('One '), delta('two '), delta('three'), COMPLETED];
    for (let cut = 0; cut <= bodies.length; cut += 1) expect(told(bodies, cut)).toEqual({ text: 'One two three', end: 'finished' });
    expect(projectCompletion(EMPTY_COMPLETION, eventsOf(bodies)).parts).toHaveLength(2);
  });

  it('says the whole text wherever a delta is split, and wherever it is begun anew', () => {
    const whole = 'Grüße an 👩‍💻.';
    for (let at = 0; at <= whole.length; at += 1) {
      const [start, rest] = [whole.slice(0, at), whole.slice(at)];
      for (let cut = 0; cut <= 4; cut += 1) {
        expect({ at, cut, ...told([delta(start), delta(rest), COMPLETED], cut) }).toEqual({ at, cut, text: whole, end: 'finished' });
        expect({ at, cut, ...told([delta(start), DISCARDED, delta(whole), COMPLETED], cut) }).toEqual({ at, cut, text: whole, end: 'finished' });
      }
    }
  });

  it('goes on when discarded text is said again', () => {
    const bodies = [delta('One '), DISCARDED, delta('One two'), COMPLETED];
    for (let cut = 0; cut <= bodies.length; cut += 1) expect(told(bodies, cut)).toEqual({ text: 'One two', end: 'finished' });
  });

  it('fails when the answer turned out otherwise than what was sent', () => {
    expect(told([delta('One '), DISCARDED, delta('Two'), COMPLETED], 1)).toEqual({ text: 'One ', end: 'failed' });
  });
});
