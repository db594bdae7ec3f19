import TestSequencer from '@jest/test-sequencer';
import { SLOW } from '../../jest.config.mjs';

/** Begins with the slowest suites, so that none of them is left to one core at the end. Jest itself knows only how long they took before. */
export default class SlowestFirst extends TestSequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isSlow = ({ path }) => SLOW.some((suite) => path.endsWith(`/test/${suite}.test.ts`));
    return [...sorted.filter(isSlow), ...sorted.filter((test) => !isSlow(test))];
  }
}
