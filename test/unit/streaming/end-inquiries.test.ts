import { EndInquiries } from '../../../src/streaming/end-inquiries.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { MemoryRunDirectory } from '../../support/streaming/memory-run-directory.js';

const HEARTBEAT_MS = 15_000;

describe('asking whether a run has ended', () => {
  let clock: FakeClock;
  let directory: CountingDirectory;
  let ends: EndInquiries;

  beforeEach(() => {
    clock = new FakeClock();
    directory = new CountingDirectory();
    ends = new EndInquiries(directory, clock, new FixedLimits({ 'stream.heartbeatMs': HEARTBEAT_MS }));
  });

  it('costs one question for all who wait for the same run', async () => {
    const answers = await Promise.all(Array.from({ length: 2_000 }, () => ends.hasEnded('r')));
    expect(new Set(answers)).toEqual(new Set([false]));
    expect(directory.asked).toEqual(['r']);
    await ends.hasEnded('other');
    expect(directory.asked).toEqual(['r', 'other']);
  });

  it('asks anew with the next heartbeat', async () => {
    await ends.hasEnded('r');
    await clock.advance(HEARTBEAT_MS);
    await ends.hasEnded('r');
    expect(directory.asked).toEqual(['r', 'r']);
  });

  it('asks anew at once when there was no answer', async () => {
    directory.isAway = true;
    await expect(ends.hasEnded('r')).rejects.toThrow('away');
    directory.isAway = false;
    await expect(ends.hasEnded('r')).resolves.toBe(false);
  });
});

class CountingDirectory extends MemoryRunDirectory {
  readonly asked: string[] = [];
  isAway = false;

  override async hasEnded(runId: string): Promise<boolean> {
    this.asked.push(runId);
    if (this.isAway) throw new Error('away');
    return super.hasEnded(runId);
  }
}
