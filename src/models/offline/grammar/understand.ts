import type { Command } from '../command.js';
import { Phrase } from './phrase.js';
import { RULES } from './rules.js';

/** What is longer is no command. Also keeps every rule fast, whatever it is given. */
const MAX_MESSAGE_CHARACTERS = 1_000;

/** What a message asks for; undefined when no rule fits the whole of it. */
export function understand(message: string): Command | undefined {
  if (message.length > MAX_MESSAGE_CHARACTERS) return undefined;
  const phrase = new Phrase(message);
  for (const { pattern, build } of RULES) {
    const match = pattern.exec(phrase.words);
    const command = match && build(match.groups ?? {}, phrase);
    if (command) return command;
  }
  return undefined;
}
