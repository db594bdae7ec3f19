export { OpenAiEmulator, type OpenAiCall, startOpenAiEmulator } from './openai-emulator.js';
