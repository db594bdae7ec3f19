import pg from 'pg';

/** How much there is. Every conversation has one run with two model calls and three tool calls, and ten messages. */
export interface Volume {
  readonly conversations: number;
  /** Besides `local`, to whom every other conversation belongs. */
  readonly users: number;
  /** Of one conversation of `local`, beside the others; half as many runs. */
  readonly longConversationMessages: number;
  /** Runs under way on other instances, at most one in a hundred conversations. */
  readonly activeRuns: number;
}

export const LOCAL_USER = 'local';
export const LONG_CONVERSATION = '01900000-0000-7000-8000-000000000000';

/** Fills an empty database as months of use within the retention would: nothing is due for clean-up. Ends with fresh statistics. */
export async function seedVolume(url: string, volume: Volume): Promise<void> {
  await execute(url, [...helpers(volume), ...rows(volume), ...longConversation(volume), ...BALANCES, 'DROP TABLE seed', 'VACUUM ANALYZE']);
}

/** Lets what only time makes due be due: a tenth of all holds, an idempotency key for each run, every session and every account's allowance. */
export async function makeDue(url: string): Promise<void> {
  await execute(url, [
    `UPDATE credit_holds SET status = 'held', lease_expires_at = now() - interval '1 hour' WHERE id IN (SELECT id FROM credit_holds WHERE status = 'captured' LIMIT (SELECT count(*) / 10 FROM credit_holds))`,
    `UPDATE credit_accounts a SET held_nano_usd = h.amount FROM (SELECT user_id, sum(amount_nano_usd) AS amount FROM credit_holds WHERE status = 'held' GROUP BY user_id) h WHERE h.user_id = a.user_id`,
    `INSERT INTO idempotency_records (user_id, scope, key, request_hash, resource_id, created_at, expires_at)
     SELECT user_id, 'POST /api/chat/runs', id, 'hash', id, created_at, now() - interval '1 hour' FROM runs`,
    `UPDATE credit_accounts SET allowance_due_at = now() - interval '1 hour'`,
    `UPDATE conversation_sessions SET ended_at = NULL`,
    'VACUUM ANALYZE',
  ]);
}

async function execute(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // The rows are consistent by construction: checking each reference would take most of the time.
    await client.query(`SET session_replication_role = replica; SET synchronous_commit = off; SET timezone = 'UTC'`);
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Ids are made as the application makes them: UUIDv7, in the order of time. */
function helpers({ conversations, users }: Volume): string[] {
  return [
    `CREATE FUNCTION pg_temp.uuid7(at timestamptz, n bigint, kind text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
       SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || substr(md5(kind || n), 1, 15))::uuid $$`,
    `CREATE UNLOGGED TABLE seed AS
       SELECT n, at, CASE WHEN n % 2 = 0 THEN '${LOCAL_USER}' ELSE 'user-' || n % ${users} END AS user_id,
         pg_temp.uuid7(at, n, 'conversation') AS conversation_id, pg_temp.uuid7(at, n, 'session') AS session_id, pg_temp.uuid7(at, n, 'run') AS run_id
       FROM (SELECT n, date_trunc('milliseconds', now()) - interval '29 days' * n / ${conversations} - interval '1 minute' AS at FROM generate_series(1, ${conversations}) n) numbered`,
  ];
}

function rows({ users, conversations, activeRuns }: Volume): string[] {
  const isActive = `n % 2 = 1 AND n <= ${Math.min(activeRuns * 2, conversations / 50)}`;
  return [
    `INSERT INTO accounts (id) SELECT 'user-' || n FROM generate_series(0, ${users - 1}) n`,
    `INSERT INTO credit_accounts (user_id, posted_nano_usd, held_nano_usd, allowance_due_at, created_at) SELECT 'user-' || n, 1000000000000, 0, now() + interval '1 day', now() - interval '60 days' * n / ${users} FROM generate_series(0, ${users - 1}) n
     UNION ALL SELECT '${LOCAL_USER}', 1000000000000000, 0, now() + interval '1 day', now() - interval '60 days'`,
    `INSERT INTO conversations (id, user_id, title, created_at, last_active_at) SELECT conversation_id, user_id, 'Conversation ' || n, at, at FROM seed`,
    `INSERT INTO conversation_sessions (id, conversation_id, model_calls, tool_calls, started_at, last_active_at, ended_at)
     SELECT session_id, conversation_id, 2, 3, at, at, CASE WHEN at < now() - interval '23 hours' THEN at + interval '1 day' END FROM seed`,
    `INSERT INTO messages (id, conversation_id, run_id, role, text, created_at)
     SELECT pg_temp.uuid7(at + interval '1 second' * k, n * 10 + k, 'message'), conversation_id, run_id, CASE k % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, repeat('Some words of a message. ', 8), at + interval '1 second' * k
     FROM seed, generate_series(0, 9) k`,
    runRows('seed', 'run_id', isActive),
    `INSERT INTO steps (id, run_id, iteration, attempt, model, content, finish_reason, input_tokens, output_tokens, duration_ms, created_at)
     SELECT pg_temp.uuid7(at, n * 2 + k, 'step'), run_id, k, 1, 'offline/planner', jsonb_build_object('text', repeat('words ', 20)), 'stop', 900, 60, 100, at FROM seed, generate_series(1, 2) k`,
    `INSERT INTO tool_calls (id, run_id, step_id, call_id, iteration, position, name, input, is_read_only, status, output, duration_ms, created_at, finished_at)
     SELECT pg_temp.uuid7(at, n * 3 + k, 'call'), run_id, pg_temp.uuid7(at, n * 2 + 1, 'step'), 'call-' || k, 1, k, 'read_file', '{"path": "src/main.ts"}', true, 'succeeded', repeat('line of a file ', 20), 5, at, at
     FROM seed, generate_series(1, 3) k`,
    `INSERT INTO credit_holds (id, user_id, run_id, amount_nano_usd, max_output_tokens, input_tokens, model, intent, status, dispatched_at, lease_expires_at, created_at, settled_at)
     SELECT run_id || ':' || k || ':1', user_id, run_id, 2000, 100, 900, 'offline/planner', 'search', 'captured', at, at + interval '5 minutes', at, at FROM seed, generate_series(1, 2) k`,
    `INSERT INTO usage_records (id, hold_id, user_id, run_id, iteration, attempt, intent, model, input_tokens, cached_input_tokens, tool_use_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd, charged_nano_usd, created_at)
     SELECT pg_temp.uuid7(at, n * 2 + k, 'usage'), run_id || ':' || k || ':1', user_id, run_id, k, 1, 'search', 'offline/planner', 900, 0, 0, 60, 0, 1000, 1000, at FROM seed, generate_series(1, 2) k`,
    `INSERT INTO ledger_entries (id, user_id, kind, amount_nano_usd, balance_nano_usd, idempotency_key, run_id, hold_id, reason, created_by, created_at)
     SELECT pg_temp.uuid7(at, n * 2 + k, 'entry'), user_id, 'usage', -1000, 0, 'usage:' || run_id || ':' || k || ':1', run_id, run_id || ':' || k || ':1', 'offline/planner', 'system', at FROM seed, generate_series(1, 2) k`,
    `INSERT INTO idempotency_records (user_id, scope, key, request_hash, resource_id, response, created_at, expires_at)
     SELECT user_id, 'POST /api/chat/runs', 'key-' || n, md5(n::text), run_id::text, '{}', at, at + interval '1 day' FROM seed WHERE at > now() - interval '23 hours'`,
    `INSERT INTO failure_incidents (id, run_id, user_id, iteration, attempt, pattern, category, severity, strategy, action, detail, outcome, created_at)
     SELECT pg_temp.uuid7(at, n, 'incident'), run_id, user_id, 1, 1, (ARRAY['rate_limit', 'timeout', 'model_set_aside'])[1 + n % 3], 'model', 'low', 'retry', '{}', 'seeded', 'recovered', at FROM seed`,
  ];
}

function longConversation({ longConversationMessages }: Volume): string[] {
  return [
    `INSERT INTO conversations (id, user_id, title, created_at, last_active_at) VALUES ('${LONG_CONVERSATION}', '${LOCAL_USER}', 'A long one', now() - interval '20 days', now())`,
    `INSERT INTO conversation_sessions (id, conversation_id, started_at, last_active_at) VALUES ('${LONG_CONVERSATION}', '${LONG_CONVERSATION}', now() - interval '20 days', now())`,
    `CREATE TEMP TABLE turns AS SELECT n, '${LOCAL_USER}' AS user_id, '${LONG_CONVERSATION}'::uuid AS conversation_id, '${LONG_CONVERSATION}'::uuid AS session_id, at, pg_temp.uuid7(at, n, 'turn') AS run_id
     FROM (SELECT n, date_trunc('milliseconds', now()) - interval '20 days' + interval '5 minutes' * n AS at FROM generate_series(1, ${longConversationMessages / 2}) n) numbered`,
    `INSERT INTO messages (id, conversation_id, run_id, role, text, created_at)
     SELECT pg_temp.uuid7(at + interval '1 second' * k, n * 2 + k, 'turn message'), conversation_id, run_id, (ARRAY['user', 'assistant'])[1 + k], repeat('Some words of a message. ', 8), at + interval '1 second' * k
     FROM turns, generate_series(0, 1) k`,
    runRows('turns', 'run_id', 'false'),
    `INSERT INTO steps (id, run_id, iteration, attempt, model, content, finish_reason, input_tokens, output_tokens, duration_ms, created_at)
     SELECT pg_temp.uuid7(at, n, 'turn step'), run_id, 1, 1, 'offline/planner', '{}', 'stop', 900, 60, 100, at FROM turns`,
  ];
}

/** So that the books are in order (I3). */
const BALANCES = [
  `INSERT INTO ledger_entries (id, user_id, kind, amount_nano_usd, balance_nano_usd, idempotency_key, reason, created_by, created_at)
   SELECT gen_random_uuid(), user_id, 'grant', posted_nano_usd, posted_nano_usd, 'signup:' || user_id, 'Sign-up grant', 'system', created_at FROM credit_accounts`,
  `UPDATE credit_accounts a SET posted_nano_usd = s.amount FROM (SELECT user_id, sum(amount_nano_usd) AS amount FROM ledger_entries GROUP BY user_id) s WHERE s.user_id = a.user_id`,
];

/** As wide as real ones, with all pinned limits. */
function runRows(source: string, id: string, isActive: string): string {
  return `INSERT INTO runs (id, user_id, conversation_id, session_id, user_message_id, assistant_message_id, status, intent, model, limits, limits_revision, estimate, lease_owner, lease_expires_at,
      iterations, model_calls, tool_calls, input_tokens, output_tokens, charged_nano_usd, duration_ms, time_to_first_token_ms, tokens_per_second, finish_reason, created_at, started_at, finished_at)
    SELECT ${id}, user_id, conversation_id, session_id, ${id}, ${id},
      CASE WHEN ${isActive} THEN (ARRAY['running', 'waiting'])[1 + (n / 2) % 2] WHEN n % 10 = 8 THEN 'failed' ELSE 'completed' END, 'search', 'offline/planner', l.limits, 1, '{"uncalibratedInputTokens": 800}',
      CASE WHEN ${isActive} THEN 'another instance' END, CASE WHEN ${isActive} THEN now() + interval '1 day' END,
      2, 2, 3, 1800, 120, 2000, 900, 200, 50, 'stop', at, at, CASE WHEN NOT (${isActive}) THEN at + interval '1 second' END
    FROM ${source} CROSS JOIN (SELECT jsonb_object_agg('some.limit.key.' || k, k * 1000) AS limits FROM generate_series(1, 150) k) l`;
}
