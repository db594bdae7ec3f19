import { InProcessRunQueue } from '../../../src/chat/queue/in-process.run-queue.js';
import { loadConfig } from '../../../src/config/index.js';
import { Metrics } from '../../../src/metrics/index.js';
import { describeRunQueue } from '../../conformance/run-queue.conformance.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

const metrics = new Metrics(loadConfig(() => [], {}));

it('chat.maxConcurrentRunsPerInstance: that many runs are worked on at the same time', async () => {
  const atWork = async (maxWorking: number): Promise<number> => {
    const queue = new InProcessRunQueue(new FixedLimits({ 'chat.maxConcurrentRunsPerInstance': maxWorking }), metrics);
    const ends: (() => void)[] = [];
    queue.start(() => new Promise((resolve) => ends.push(resolve)));
    await queue.enqueue(['a', 'b', 'c'].map((runId) => ({ runId, userId: 'ann' })));
    const count = ends.length;
    const closed = queue.close();
    for (const end of ends) end();
    await closed;
    return count;
  };
  expect([await atWork(2), await atWork(3), await atWork(4)]).toEqual([2, 3, 3]);
});

describeRunQueue('in process', async ({ maxQueued, maxWorking }) => {
  const limits = new FixedLimits({ 'chat.maxQueued': maxQueued, 'chat.maxConcurrentRunsPerInstance': maxWorking });
  const queue = new InProcessRunQueue(limits, metrics);
  return { queue, allow: (value) => limits.change({ 'chat.maxConcurrentRunsPerInstance': value }), close: () => queue.close() };
});
