// Viewers of event streams, in a process of their own so that their work and memory are not counted as the server's.
// Asked by message {port, runIds}: opens one stream per id and answers 'open' when each has its first byte. Asked {heartbeats}: answers
// 'beaten' when each viewer has got that many. Answers {fewestHeartbeats, heartbeats} when all have ended.
import { connect } from 'node:net';

const HEARTBEAT = ': heartbeat\n';
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const CHECK_MS = 50;

let viewers = [];

process.on('message', (message) => void (message.runIds ? watchAll(message) : awaitHeartbeats(message.heartbeats)));

async function watchAll({ port, runIds }) {
  viewers = [];
  for (const runId of runIds) viewers.push(await watch(port, runId));
  process.send('open');
  await Promise.all(viewers.map(({ ended }) => ended));
  const counts = viewers.map(({ heartbeats }) => heartbeats);
  process.send({ fewestHeartbeats: Math.min(...counts), heartbeats: counts.reduce((sum, count) => sum + count, 0) });
}

async function awaitHeartbeats(count) {
  while (viewers.some(({ heartbeats }) => heartbeats < count)) await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
  process.send('beaten');
}

/** @returns once the first byte has come: an object, because a promise would be awaited to its end */
function watch(port, runId) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET /api/chat/runs/${runId}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`));
    const viewer = { heartbeats: 0, ended: new Promise((end) => socket.once('close', end)) };
    let end = Buffer.alloc(0);
    socket.once('data', (chunk) => (chunk.includes(' 200 OK') ? resolve(viewer) : reject(new Error(chunk.toString()))));
    socket.on('data', (chunk) => {
      viewer.heartbeats += chunk.toString().split(HEARTBEAT).length - 1;
      end = Buffer.concat([end, chunk]).subarray(-LAST_CHUNK.length);
      if (end.equals(LAST_CHUNK)) socket.destroy(); // the server would keep the connection for another request
    });
    socket.once('error', reject);
  });
}
