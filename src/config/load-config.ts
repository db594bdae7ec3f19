import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { type Config, crossFaults, toConfig } from './config.js';
import { type Environment, parseEnvironment } from './environment.js';

/** Thrown at boot with every wrong variable on a line of its own. */
export class ConfigurationError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}\nSee .env.example for every variable.`);
    this.name = 'ConfigurationError';
  }
}

export type LimitVariableCheck = (variables: Readonly<Record<string, string>>) => readonly string[];

/**
 * The only reader of `process.env`.
 * @param checkLimitVariables lets the limits registry report its faults together with all others
 * @throws ConfigurationError naming every fault
 */
export function loadConfig(
  checkLimitVariables: LimitVariableCheck,
  raw: Readonly<Record<string, string | undefined>> = readProcessEnvironment(),
): Config {
  const parsed = parseEnvironment(raw);
  const limitVariables = Object.fromEntries(
    Object.entries(raw).filter((entry): entry is [string, string] => entry[0].startsWith('LIMIT_') && !!entry[1]?.trim()),
  );
  const faults = [...parsed.faults.values(), ...crossFaults(parsed), ...checkLimitVariables(limitVariables)];
  if (faults.length > 0) throw new ConfigurationError(faults);
  return toConfig(parsed.environment as Environment, limitVariables); // complete, for nothing was wrong
}

function readProcessEnvironment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) loadEnvFile('.env'); // variables already set win
  return process.env;
}
