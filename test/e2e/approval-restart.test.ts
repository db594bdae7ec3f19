import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { prepareDataFolder } from '../support/database/prepared-data-folder.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';

jest.setTimeout(120_000);

let dataDir: string;
let gemini: GeminiEmulator;
let server: ServerProcess;

const boot = () => startServerProcess({ DATA_DIR: dataDir, ...gemini.environment });

beforeAll(async () => {
  dataDir = await prepareDataFolder('lomu-approval-');
  gemini = await startGeminiEmulator();
});
afterAll(async () => {
  await server.end('SIGKILL');
  await gemini.close();
  await rm(dataDir, { recursive: true, force: true });
});

it('a run that waits for a person survives the death of its server, and goes on from its checkpoint (I4)', async () => {
  server = await boot();
  const project = (await server.client.post('/api/projects', { name: 'restarted' })).body;
  await server.client.put(`/api/projects/${project.id}/tool-policy`, { rules: [{ tool: 'write_file', input: { path: 'second*' }, decision: 'ask' }] });
  gemini.script([
    turn().text('One. ').call('write_file', { path: 'first.txt', content: '1' }),
    turn().text('Two. ').call('list_files', {}).call('write_file', { path: 'second.txt', content: '2' }),
    turn().text('Three.'),
  ]);
  const { body } = await server.client.post('/api/chat/runs', { message: 'write both', projectId: project.id, intent: 'fix' });
  const { callId } = (await server.client.events(body.eventsUrl).next((event) => event.type === 'tool.approval_requested')).data;

  await server.end('SIGKILL');
  server = await boot();
  const run = (await server.client.get(`/api/chat/runs/${body.runId}`)).body;
  expect(run).toMatchObject({ status: 'waiting', approvals: [{ callId, name: 'write_file', input: { path: 'second.txt', content: '2' } }] });
  const events = server.client.events(run.eventsUrl);
  const snapshot = await events.next((event) => event.type === 'run.snapshot');
  expect(snapshot.data.toolCalls.map((call: { name: string; status: string }) => [call.name, call.status])).toEqual([['write_file', 'succeeded'], ['list_files', 'running'], ['write_file', 'waiting']]);

  expect(await server.client.post(`/api/chat/runs/${body.runId}/approvals/${callId}`, { approved: true })).toMatchObject({ status: 200 });
  const all = await events.toTerminal(60_000);
  expect(all.at(-1)).toMatchObject({ type: 'run.completed', data: { message: { text: 'One. \n\nTwo. \n\nThree.' }, usage: { modelCalls: 3, toolCalls: 3 } } });
  expect(all.filter((event) => event.type === 'tool.succeeded').map((event) => event.data.name)).toEqual(['list_files', 'write_file']);
  expect(gemini.requests).toHaveLength(3);
  expect(JSON.stringify(gemini.requests[2]?.body.contents)).toContain('Created first.txt');
  const read = (name: string) => readFile(join(dataDir, 'workspaces', project.id, name), 'utf8');
  expect([await read('first.txt'), await read('second.txt')]).toEqual(['1', '2']);

  const { files } = (await server.client.get(`/api/chat/runs/${body.runId}/diff`)).body;
  expect(files.map((file: { path: string }) => file.path)).toEqual(['first.txt', 'second.txt']); // watched since before the kill
});
