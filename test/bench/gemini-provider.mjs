// The emulator for gemini-reader.bench.ts, in a process of its own so that its work is not counted as the reader's.
// Sends its base URL; answers "burst" with all chunks at once and "paced" with one every 20 ms.
import { register } from 'node:module';

register('../support/typescript-loader.mjs', import.meta.url);
const { startGeminiEmulator, turn } = await import('../support/gemini-emulator/index.ts');

const CHUNKS = 200;
const PACE_MS = 20;
const CHUNK = 'some forty-five characters of a model answer.';

const emulator = await startGeminiEmulator({ maxRecordedCalls: 1 });
const answer = (paceMs) => turn().text(...Array.from({ length: CHUNKS }, () => CHUNK)).usage({ prompt: 1_000, candidates: 2_000 }).pace(paceMs).build();
const burst = answer(0);
const paced = answer(PACE_MS);
emulator.respondWith((call) => (call.body.contents[0]?.parts[0]?.text === 'paced' ? paced : burst));
process.send({ baseUrl: emulator.baseUrl, apiKey: emulator.apiKey, chunks: CHUNKS });
