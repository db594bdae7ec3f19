// Preloaded with --import by Jest's processes, and by tests that start the server as a process of its own, from the sources.
import { register } from 'node:module';

register('./typescript-loader.mjs', import.meta.url);
