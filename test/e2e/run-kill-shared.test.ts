import { sharedBackend } from '../chaos/runs/chaos-backend.js';
import { describeRunKill } from '../chaos/runs/describe-run-kill.js';
import { redisUrl } from '../support/redis/test-redis.js';
import { postgresqlUrl } from '../support/test-database.js';

describeRunKill('two instances with PostgreSQL and Redis', postgresqlUrl !== undefined && redisUrl !== undefined, () => sharedBackend(postgresqlUrl as string));
