import { type GeminiEmulator, type RecordedCall, turn, type TurnBuilder } from '../gemini-emulator/index.js';
import type { ReceivedEvent } from '../event-source-reader.js';
import type { TestApp } from '../test-app.js';

/** Longer than runs may take, so that only a run without an end is given up on, however busy the machine. */
const LONGEST_RUN_MS = 400_000;

/** Ways in which a call goes wrong for once, as providers and networks do. */
const FAULTS: Readonly<Record<string, () => TurnBuilder>> = {
  'rate limit': () => turn().rateLimited({ retryDelayMs: 20 }),
  overloaded: () => turn().overloaded(),
  'internal error': () => turn().httpError(500, 'INTERNAL', 'An internal error has occurred.'),
  'page of a proxy': () => turn().htmlError(502),
  'page with status 200': () => turn().htmlError(200),
  'error in the stream': () => turn().text('Let me').errorChunk(),
  'clean cut': () => turn().text('Let me').cut(),
  'empty stream': () => turn().cut(),
  reset: () => turn().text('Let me').reset(),
  'reset before the first byte': () => turn().reset(),
  garbage: () => turn().text('Let me').raw('data: {"candidates":[}\r\n\r\n'),
  silence: () => turn().stall(),
  'silence in the middle': () => turn().text('Let me').stall(),
  'malformed call': () => turn().finish('MALFORMED_FUNCTION_CALL'),
  'nothing but a thought': () => turn().thought('Hm.'),
  'empty answer': () => turn().finish('STOP'),
};

/** Waits shortened, so that recovery takes milliseconds; everything else as it is. */
export const FAULTY_ENVIRONMENT: Readonly<Record<string, string>> = {
  SIGNUP_CREDITS: '100000000',
  LIMIT_RETRY_FIRST_DELAY_MS: '2',
  LIMIT_MODEL_FIRST_BYTE_TIMEOUT_MS: '400',
  LIMIT_MODEL_IDLE_TIMEOUT_MS: '400',
  LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '100',
  LIMIT_MODEL_TOKENS_PER_MINUTE: '1000000000',
  LIMIT_STREAM_REPLAY_RETENTION_MS: '2000',
  LIMIT_STREAM_MAX_PER_USER: '200',
};

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lets a share of all calls fail, each in a way chosen by chance; the others call a tool once and then answer. */
export function failAtRandom(gemini: GeminiEmulator, share: number, random: () => number): ReadonlyMap<string, number> {
  const names = Object.keys(FAULTS);
  const made = new Map<string, number>();
  gemini.respondWith((call) => {
    if (random() >= share) return wellMeant(call);
    const name = names[Math.floor(random() * names.length)] as string;
    made.set(name, (made.get(name) ?? 0) + 1);
    return (FAULTS[name] as () => TurnBuilder)();
  });
  return made;
}

function wellMeant({ body }: RecordedCall): TurnBuilder {
  const hasResult = body.contents.some(({ parts }) => parts.some(({ functionResponse }) => functionResponse));
  return hasResult || !body.tools ? turn().text('There ', 'are ', 'two.').usage({ prompt: 200, candidates: 6 }) : turn().call('list_files', {}).usage({ prompt: 150, candidates: 4 });
}

export interface FaultyRuns {
  readonly completed: number;
  /** Patterns or codes of the runs that failed. */
  readonly failures: ReadonlyMap<string, number>;
  /** Runs whose client saw any number of terminal events but one. */
  readonly withoutOneEnd: number;
  readonly modelCalls: number;
  readonly durationsMs: readonly number[];
}

/** Makes so many runs, some at a time, each followed by its own client to its end. @param onRun called after each with how many are done */
export async function makeRuns(lomu: TestApp, count: number, concurrency: number, onRun: (done: number) => void = () => undefined): Promise<FaultyRuns> {
  const failures = new Map<string, number>();
  const durationsMs: number[] = [];
  let [started, done, completed, withoutOneEnd, modelCalls] = [0, 0, 0, 0, 0];
  const work = async (): Promise<void> => {
    while (started++ < count) {
      const { status, body } = await lomu.client.post('/api/chat/runs', { message: 'How many files are there?', intent: 'analysis' });
      if (status !== 202) throw new Error(`The run was refused: ${status} ${JSON.stringify(body)}`);
      const events = await lomu.client.events(body.eventsUrl as string).toTerminal(LONGEST_RUN_MS);
      const terminal = events.at(-1) as ReceivedEvent;
      if (events.filter(({ type }) => /^run\.(completed|failed|cancelled)$/.test(type)).length !== 1) withoutOneEnd++;
      if (terminal.type === 'run.completed') completed++;
      else {
        const { code, pattern } = terminal.data.error as { code: string; pattern?: string };
        failures.set(pattern ?? code, (failures.get(pattern ?? code) ?? 0) + 1);
      }
      modelCalls += terminal.data.usage.modelCalls as number;
      durationsMs.push(terminal.data.usage.durationMs as number);
      onRun(++done);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { completed, failures, withoutOneEnd, modelCalls, durationsMs };
}

export interface LedgerCheck {
  readonly postedNanoUsd: bigint;
  readonly ledgerNanoUsd: bigint;
  readonly heldNanoUsd: bigint;
  readonly openHolds: number;
  /** Charged by the usage records, minus what the ledger took for usage. */
  readonly unexplainedNanoUsd: bigint;
}

/** I3, over all accounts. */
export async function checkLedger({ database: { prisma } }: TestApp): Promise<LedgerCheck> {
  const accounts = await prisma.creditAccount.aggregate({ _sum: { postedNanoUsd: true, heldNanoUsd: true } });
  const ledger = await prisma.ledgerEntry.aggregate({ _sum: { amountNanoUsd: true } });
  const usage = await prisma.ledgerEntry.aggregate({ where: { kind: 'usage' }, _sum: { amountNanoUsd: true } });
  const charged = await prisma.usageRecord.aggregate({ _sum: { chargedNanoUsd: true } });
  return {
    postedNanoUsd: accounts._sum.postedNanoUsd ?? 0n,
    ledgerNanoUsd: ledger._sum.amountNanoUsd ?? 0n,
    heldNanoUsd: accounts._sum.heldNanoUsd ?? 0n,
    openHolds: await prisma.creditHold.count({ where: { status: 'held' } }),
    unexplainedNanoUsd: (charged._sum.chargedNanoUsd ?? 0n) + (usage._sum.amountNanoUsd ?? 0n),
  };
}
