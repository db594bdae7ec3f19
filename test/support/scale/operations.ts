import { encodeCursor } from '../../../src/http/page.js';
import { type ScheduledJob, SCHEDULED_JOBS } from '../../../src/maintenance/scheduled-job.js';
import type { TestApp } from '../test-app.js';
import { LOCAL_USER, LONG_CONVERSATION } from './seed-volume.js';

/** Something that people or the timetable do all the time. */
export interface Operation {
  readonly name: string;
  /** What is timed. */
  run(): Promise<unknown>;
  /** What has to happen before the next one, untimed. */
  settle?(): Promise<unknown>;
}

const PAGE = 'limit=50';

/** On a database filled by `seedVolume`; the same work on each, whatever its size. */
export async function createOperations(lomu: TestApp): Promise<Operation[]> {
  return [...starts(lomu), ...(await readings(lomu)), ...jobs(lomu)];
}

function starts({ client }: TestApp): Operation[] {
  return [
    { name: 'start a run in a new conversation', body: { message: 'hello', intent: 'casual' } },
    { name: 'start a run in a long conversation', body: { message: 'hello', intent: 'casual', conversationId: LONG_CONVERSATION } },
  ].map(({ name, body }) => {
    let eventsUrl = '';
    return {
      name,
      run: async () => {
        eventsUrl = expectOk(await client.post('/api/chat/runs', body)).eventsUrl as string;
      },
      settle: () => client.events(eventsUrl).toTerminal(),
    };
  });
}

async function readings({ client, database }: TestApp): Promise<Operation[]> {
  const [run] = await database.connection.query<{ id: string }>(`SELECT id FROM runs WHERE user_id = '${LOCAL_USER}' AND conversation_id <> '${LONG_CONVERSATION}' AND status = 'completed' ORDER BY id LIMIT 1`);
  const conversations = await middle(`conversations WHERE user_id = '${LOCAL_USER}'`, 'last_active_at', 'last_active_at DESC, id');
  const messages = await middle(`messages WHERE conversation_id = '${LONG_CONVERSATION}'`, 'created_at', 'id');
  const entries = await middle(`ledger_entries WHERE user_id = '${LOCAL_USER}'`, 'created_at', 'created_at DESC, id DESC');
  const paths: Record<string, string> = {
    'conversations, first page': `/api/chat/conversations?${PAGE}`,
    'conversations, from the middle': `/api/chat/conversations?${PAGE}&cursor=${conversations}`,
    'one conversation': `/api/chat/conversations/${LONG_CONVERSATION}`,
    'messages of a long conversation, first page': `/api/chat/conversations/${LONG_CONVERSATION}/messages?${PAGE}`,
    'messages of a long conversation, from the middle': `/api/chat/conversations/${LONG_CONVERSATION}/messages?${PAGE}&cursor=${messages}`,
    'one run': `/api/chat/runs/${run?.id}`,
    'timeline of a run': `/api/chat/runs/${run?.id}/timeline`,
    balance: '/api/billing/balance',
    'ledger, first page': `/api/billing/ledger?${PAGE}`,
    'ledger, from the middle': `/api/billing/ledger?${PAGE}&cursor=${entries}`,
    'usage, first page': `/api/billing/usage?${PAGE}`,
    'incidents, first page': `/api/failures?${PAGE}`,
  };
  return Object.entries(paths).map(([name, path]) => ({ name, run: async () => expectOk(await client.get(path)) }));

  /** A cursor half-way through a list. */
  async function middle(from: string, time: string, order: string): Promise<string> {
    const [row] = await database.connection.query<{ at: Date; id: string }>(`SELECT ${time} AS at, id FROM ${from} ORDER BY ${order} OFFSET (SELECT count(*) / 2 FROM ${from}) LIMIT 1`);
    if (!row) throw new Error(`Nothing is in ${from}.`);
    return encodeCursor(row);
  }
}

/** Every job of the application, whichever it has. */
export function jobs({ app, client }: TestApp): Operation[] {
  return app.get<ScheduledJob[]>(SCHEDULED_JOBS, { strict: false }).map(({ name }) => ({
    name: `job ${name}`,
    run: async () => {
      const pass = expectOk(await client.post(`/api/maintenance/jobs/${name}/run`));
      if (pass.outcome !== 'completed') throw new Error(`${name}: ${JSON.stringify(pass)}`);
      return pass;
    },
  }));
}

function expectOk({ status, body }: { status: number; body: Record<string, unknown> }): Record<string, unknown> {
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
}
