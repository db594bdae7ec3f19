import { type ReceivedEvent, shownText } from '../../support/event-source-reader.js';

/** Events named before and after one that is out of order. */
const NEIGHBOURS = 5;
const TERMINAL = /^run\.(completed|failed|cancelled)$/;

/** I1 and I2 as one client sees them: numbers without gap or repeat up to the one terminal event, a jump only to a snapshot, and its text the answer. */
export function eventFaults(runId: string, events: readonly ReceivedEvent[]): string[] {
  const faults: string[] = [];
  let previous = 0;
  for (const [index, { id, type, data }] of events.entries()) {
    const seq = Number(id);
    const follows = type === 'run.snapshot' ? seq > previous : seq === previous + 1;
    if (!follows) faults.push(`${type} ${id} came after ${previous}: ${shown(events, index)}`);
    if (data.seq !== seq || data.runId !== runId) faults.push(`${type} ${id} calls itself ${data.seq} of ${data.runId}`);
    if (TERMINAL.test(type) !== (index === events.length - 1)) faults.push(`${type} ${id} is event ${index + 1} of ${events.length}`);
    previous = seq;
  }
  const said = events.at(-1)?.data.message?.text as string | undefined;
  if (said !== undefined && textShown(events) !== said) faults.push(`${JSON.stringify(textShown(events))} was shown of ${JSON.stringify(said)}`);
  return faults.map((fault) => `run ${runId}: ${fault}`);
}

function shown(events: readonly ReceivedEvent[], index: number): string {
  return events.slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS).map(({ id, type }) => `${id} ${type}`).join(', ');
}

/** What a client shows that begins anew with each snapshot. */
function textShown(events: readonly ReceivedEvent[]): string {
  const last = events.findLastIndex(({ type }) => type === 'run.snapshot');
  const rest = events.slice(last + 1);
  const before = (events[last]?.data.message?.text as string | undefined) ?? '';
  return shownText([{ id: '', type: 'text.delta', data: { text: before } }, ...rest]);
}
