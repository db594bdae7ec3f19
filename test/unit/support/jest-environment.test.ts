import { afterEach, describe, expect, it, jest } from '@jest/globals';

const spied = { answer: () => 'real' };

describe('the environment of test files', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('has what is imported from @jest/globals', () => {
    jest.spyOn(spied, 'answer').mockReturnValue('mocked');
    expect(spied.answer()).toBe('mocked');
    jest.restoreAllMocks();
    expect(spied.answer()).toBe('real');
  });

  it('has the fake timers of Jest, for tests of other applications', () => {
    jest.useFakeTimers();
    const onTimeout = jest.fn();
    setTimeout(onTimeout, 1_000);
    jest.advanceTimersByTime(999);
    expect(onTimeout).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(onTimeout).toHaveBeenCalledTimes(1);
  });
});
