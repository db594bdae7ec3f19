// Loaded into a server process: on SIGCONT it writes a line {"memoryInUse":{"heap":…,"rss":…}}, in bytes after garbage collection. The application stops on most other signals.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

process.on('SIGCONT', async () => {
  for (let pass = 0; pass < 3; pass++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  process.stdout.write(`{"memoryInUse":${JSON.stringify({ heap: heapUsed + external, rss })}}\n`);
});
