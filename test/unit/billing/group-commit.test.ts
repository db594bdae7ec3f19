import { Prisma } from '../../../src/database/index.js';
import { BUSY, GroupCommit } from '../../../src/billing/ledger/group-commit.js';

interface Call {
  readonly userId: string;
  readonly value: number;
}

const call = (value: number, userId = 'ann'): Call => ({ userId, value });
const refused = (): Error => new Prisma.PrismaClientKnownRequestError('refused', { code: 'P2010', clientVersion: 'test' });

/** A database whose statements end when they are told to. */
function setUp(bounds: { maxBatch: number; maxStatements: number }) {
  const sent: { values: number[]; mayWait: boolean; end: (results?: (number | typeof BUSY)[], error?: Error) => void }[] = [];
  const together = new GroupCommit<Call, number>(
    (requests, mayWait) =>
      new Promise((resolve, reject) => {
        const values = requests.map(({ value }) => value);
        sent.push({ values, mayWait, end: (results = values.map((value) => value * 10), error) => (error ? reject(error) : resolve(results)) });
      }),
    () => bounds,
  );
  return { together, sent, turn: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))) };
}

describe('calls that share a statement', () => {
  it.each([
    [2, [[1, 2]]],
    [3, [[1, 2, 3]]],
    [4, [[1, 2, 3], [4]]],
  ])('billing.maxBatchedCalls 3: %i calls of one turn', async (count, batches) => {
    const { together, sent, turn } = setUp({ maxBatch: 3, maxStatements: 5 });
    const results = Promise.all(Array.from({ length: count }, (_, index) => together.run(call(index + 1))));
    await turn();
    expect(sent.map(({ values }) => values)).toEqual(batches);
    for (const { end } of sent) end();
    expect(await results).toEqual(Array.from({ length: count }, (_, index) => (index + 1) * 10));
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
  ])('billing.maxLedgerStatements 2: of %i statements, %i are under way', async (count, underWay) => {
    const { together, sent, turn } = setUp({ maxBatch: 1, maxStatements: 2 });
    const results = Promise.all(Array.from({ length: count }, (_, index) => together.run(call(index + 1))));
    await turn();
    expect(sent).toHaveLength(underWay);
    expect(together.size).toBe(count - underWay);
    for (let index = 0; index < count; index++) {
      sent[index]?.end();
      await turn();
    }
    expect(await results).toHaveLength(count);
  });

  it('wait for a busy account alone, while the others go on', async () => {
    const { together, sent, turn } = setUp({ maxBatch: 10, maxStatements: 1 });
    const [busy, free] = [together.run(call(1, 'busy')), together.run(call(2, 'free'))];
    await turn();
    sent[0]?.end([BUSY, 20]);
    expect(await free).toBe(20);
    await turn();
    expect(sent[1]).toMatchObject({ values: [1], mayWait: true });
    const next = together.run(call(3, 'other'));
    await turn();
    sent[2]?.end();
    expect(await next).toBe(30);
    sent[1]?.end();
    expect(await busy).toBe(10);
  });

  it('do not fail for the sake of one that the database refuses', async () => {
    const { together, sent, turn } = setUp({ maxBatch: 10, maxStatements: 1 });
    const results = Promise.allSettled([together.run(call(1)), together.run(call(2))]);
    await turn();
    sent[0]?.end([], refused());
    await turn();
    expect(sent.slice(1).map(({ values }) => values)).toEqual([[1], [2]]);
    sent[1]?.end([], refused());
    sent[2]?.end();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  it('are not repeated when nobody knows whether the statement was carried out', async () => {
    const { together, sent, turn } = setUp({ maxBatch: 10, maxStatements: 1 });
    const results = Promise.allSettled([together.run(call(1)), together.run(call(2))]);
    await turn();
    sent[0]?.end([], Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(sent).toHaveLength(1);
  });
});
