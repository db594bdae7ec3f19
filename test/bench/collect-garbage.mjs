// Preloaded into a server of a bench: SIGWINCH, which means nothing to it else, has it collect its garbage, so that what is left is what it needs.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
process.on('SIGWINCH', () => {
  for (let pass = 0; pass < 3; pass++) collectGarbage();
});
