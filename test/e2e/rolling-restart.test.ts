import { RollingRestart } from '../chaos/restart/rolling-restart.js';
import { sharedBackend } from '../chaos/runs/chaos-backend.js';
import { describeWithRedis } from '../support/redis/test-redis.js';
import { postgresqlUrl } from '../support/test-database.js';

const CLIENTS = 50;
const TIMEOUT_MS = 240_000;

(postgresqlUrl ? describeWithRedis : describe.skip)('a rolling restart of two instances', () => {
  let restart: RollingRestart;
  beforeAll(async () => {
    restart = await RollingRestart.create(await sharedBackend(postgresqlUrl as string));
  }, TIMEOUT_MS);
  afterAll(() => restart.close(), TIMEOUT_MS);

  it(`is seen by none of ${CLIENTS} clients with runs going on (I1, I2, I3, I4)`, async () => {
    const { runs, handedOver, faults } = await restart.run(CLIENTS);
    expect(faults).toEqual([]);
    expect(runs).toBeGreaterThanOrEqual(CLIENTS);
    expect(handedOver).toBeGreaterThan(0);
  }, TIMEOUT_MS);
});
