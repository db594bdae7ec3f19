import { FailureDetectionService, type FailureSignal, type RecoveryDecision, type RecoveryHistory, type RecoveryLimits } from '../../../src/failure-detection/index.js';

const LIMITS: RecoveryLimits = { maxRetriesPerRun: 8, maxBackoffMs: 120_000 };
const FRESH: RecoveryHistory = { attemptsOfPattern: 0, retriesOfRun: 0, backoffMsOfRun: 0, hasFallbackModel: true, hasArchitect: true };

const overloaded: FailureSignal = { source: 'model', kind: 'http', status: 503 };
const rateLimited = (retryDelayMs?: number): FailureSignal => ({ source: 'model', kind: 'http', status: 429, retryDelayMs });
const truncated: FailureSignal = { source: 'model', kind: 'stream_truncated' };
const malformedCall: FailureSignal = { source: 'model', kind: 'malformed_tool_call' };

function decide(signal: FailureSignal, history: Partial<RecoveryHistory> = {}, random = 0.5, limits: Partial<RecoveryLimits> = {}): RecoveryDecision {
  const service = new FailureDetectionService(() => random);
  return service.generateRecoveryAction(service.detectFailurePatterns(signal), { ...FRESH, ...history }, { ...LIMITS, ...limits });
}

/** All decisions about one failure that keeps coming, as the loop would get them. */
function exhaust(signal: FailureSignal, options: Partial<RecoveryHistory> = {}): string[] {
  let history = { ...FRESH, ...options };
  const told: string[] = [];
  for (let round = 0; round < 20; round++) {
    const decision = decide(signal, history);
    told.push(summary(decision));
    if (decision.action !== 'retry') return told;
    history = {
      ...history,
      attemptsOfPattern: history.attemptsOfPattern + 1,
      retriesOfRun: history.retriesOfRun + 1,
      backoffMsOfRun: history.backoffMsOfRun + decision.delayMs,
      hasFallbackModel: history.hasFallbackModel && !decision.useFallbackModel,
      hasArchitect: history.hasArchitect && !decision.consultArchitect,
    };
  }
  return told;
}

function summary(decision: RecoveryDecision): string {
  if (decision.action !== 'retry') return decision.action;
  const { delayMs, stream, useFallbackModel, nudge, compactHistory, repairHistory, consultArchitect } = decision;
  const changes = [!stream && 'in one piece', useFallbackModel && 'other model', nudge && 'nudge', compactHistory && 'compact', repairHistory && 'repair', consultArchitect && 'architect'];
  return [`${delayMs} ms`, ...changes.filter(Boolean)].join(', ');
}

describe('generateRecoveryAction', () => {
  it('waits doubling times for an overloaded model, then takes the other one', () => {
    expect(exhaust(overloaded)).toEqual(['1000 ms', '2000 ms', '4000 ms', '8000 ms', '0 ms, other model', 'stop']);
  });

  it('spreads those waits by 30 % either way', () => {
    expect(decide(overloaded, {}, 0)).toMatchObject({ delayMs: 700 });
    expect(decide(overloaded, {}, 0.999999)).toMatchObject({ delayMs: 1_300 });
  });

  it('waits as long as a rate limit says and up to a fifth longer', () => {
    expect(decide(rateLimited(10_000), {}, 0)).toMatchObject({ action: 'retry', delayMs: 10_000, useFallbackModel: false });
    expect(decide(rateLimited(60_000), {}, 0.999999)).toMatchObject({ action: 'retry', delayMs: 72_000 });
  });

  it('goes by the limits of the run where they say otherwise', () => {
    expect(decide(overloaded, { attemptsOfPattern: 3 }, 0.5, { firstDelayMs: 100, maxDelayMs: 500 })).toMatchObject({ delayMs: 500 });
    expect(decide(rateLimited(5_000), {}, 0, { maxServerDelayMs: 4_999 })).toMatchObject({ useFallbackModel: true });
  });

  it('does not wait longer than a minute: it takes the other model', () => {
    expect(decide(rateLimited(60_001))).toMatchObject({ action: 'retry', delayMs: 0, useFallbackModel: true, strategy: 'fallback' });
  });

  it('does not pretend to have another model', () => {
    const decision = decide(rateLimited(90_000), { hasFallbackModel: false });
    expect(decision).toMatchObject({ action: 'stop', strategy: 'retry', summarise: false });
    expect(decision).toHaveProperty('reason', expect.stringContaining('asks to wait 90 s'));
    expect(decision).toHaveProperty('reason', expect.stringContaining('FALLBACK_MODEL'));
  });

  it('leaves a daily quota to people', () => {
    expect(decide({ source: 'model', kind: 'http', status: 429, retryDelayMs: 1_000, quotaId: 'RequestsPerDay' })).toMatchObject({ action: 'stop', strategy: 'manual' });
  });

  it.each<FailureSignal>([
    { source: 'model', kind: 'http', status: 400 },
    { source: 'model', kind: 'http', status: 401 },
    { source: 'model', kind: 'http', status: 404 },
    { source: 'model', kind: 'safety', finishReason: 'SAFETY' },
  ])('does not repeat what would be refused again: %j', (signal) => {
    expect(decide(signal)).toMatchObject({ action: 'stop', strategy: 'manual' });
  });

  it.each<FailureSignal>([truncated, { source: 'model', kind: 'idle_timeout' }, { source: 'model', kind: 'stream_malformed' }])('asks for a broken stream again after 1, 2, 4 s, then in one piece: %j', (signal) => {
    expect(exhaust(signal)).toEqual(['1000 ms', '2000 ms', '4000 ms', '0 ms, in one piece', '0 ms, other model', 'stop']);
    expect(exhaust(signal, { hasFallbackModel: false })).toEqual(['1000 ms', '2000 ms', '4000 ms', '0 ms, in one piece', 'stop']);
  });

  it('corrects a malformed call twice, then asks the architect', () => {
    expect(exhaust(malformedCall)).toEqual(['0 ms, nudge', '0 ms, nudge', '0 ms, nudge, architect', 'stop']);
    expect(exhaust(malformedCall, { hasArchitect: false })).toEqual(['0 ms, nudge', '0 ms, nudge', 'stop']);
  });

  it('compacts once and repairs once', () => {
    expect(exhaust({ source: 'model', kind: 'input_too_long' })).toEqual(['0 ms, compact', 'stop']);
    expect(exhaust({ source: 'model', kind: 'missing_signature' })).toEqual(['0 ms, repair', 'stop']);
  });

  it('lets the model go on after a failed tool, as often as it takes', () => {
    expect(decide({ source: 'tool', kind: 'not_found' }, { attemptsOfPattern: 1_000 })).toEqual({ action: 'continue', strategy: 'retry' });
    expect(decide({ source: 'tool', kind: 'timeout' }, { retriesOfRun: 8 })).toMatchObject({ action: 'continue', nudge: expect.any(String) });
  });

  it('tells the model once of a full disk, then ends with a summary', () => {
    expect(decide({ source: 'tool', kind: 'no_space' })).toMatchObject({ action: 'continue' });
    expect(decide({ source: 'tool', kind: 'no_space' }, { attemptsOfPattern: 1 })).toMatchObject({ action: 'stop', strategy: 'manual', summarise: true });
  });

  it('tries the database three times in about six seconds', () => {
    expect(exhaust({ source: 'database', kind: 'unreachable' })).toEqual(['200 ms', '1000 ms', '5000 ms', 'stop']);
  });

  it('stops when the retries of the run are used up, and says so', () => {
    const decision = decide(overloaded, { retriesOfRun: 8 });
    expect(decision).toMatchObject({ action: 'stop', strategy: 'retry' });
    expect(decision).toHaveProperty('reason', expect.stringContaining('8 retries (retry.maxPerRun)'));
  });

  it('rather takes the other model at once than wait past the budget', () => {
    expect(decide(overloaded, { backoffMsOfRun: 119_500 })).toMatchObject({ action: 'retry', delayMs: 0, useFallbackModel: true });
    expect(decide(overloaded, { backoffMsOfRun: 119_500, hasFallbackModel: false })).toMatchObject({ action: 'stop' });
  });

  it('goes by the worst of several failures, and on when there is none', () => {
    const service = new FailureDetectionService(() => 0);
    const failures = [...service.detectFailurePatterns(overloaded), ...service.detectFailurePatterns({ source: 'model', kind: 'http', status: 401 })];
    expect(service.generateRecoveryAction(failures, FRESH, LIMITS)).toMatchObject({ action: 'stop' });
    expect(service.generateRecoveryAction([], FRESH, LIMITS)).toEqual({ action: 'continue', strategy: 'retry' });
  });
});

describe('determineRecoveryStrategy', () => {
  const service = new FailureDetectionService(() => 0);
  const strategy = (signal: FailureSignal, history: Partial<RecoveryHistory>): string => service.determineRecoveryStrategy(service.detectFailurePatterns(signal), { ...FRESH, ...history });

  it('goes from retry over fallback to a person', () => {
    expect([0, 3, 4, 5].map((attemptsOfPattern) => strategy(overloaded, { attemptsOfPattern }))).toEqual(['retry', 'retry', 'fallback', 'manual']);
    expect(strategy(overloaded, { attemptsOfPattern: 4, hasFallbackModel: false })).toBe('manual');
    expect(strategy(malformedCall, { attemptsOfPattern: 2 })).toBe('escalate');
  });
});
