import 'reflect-metadata';
import { runAccessCommand } from './auth/index.js';

process.exitCode = await runAccessCommand(process.argv.slice(2), {
  result: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
});
