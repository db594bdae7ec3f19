import { METHODS, STATUS_CODES } from 'node:http';
import { version as nodeVersion } from 'node:process';

export const NODE_VERSION: string = nodeVersion;

export const HTTP_METHODS: readonly string[] = METHODS;

/** 499 is ours: the client left before there was an answer. */
export const HTTP_STATUSES: readonly string[] = [...Object.keys(STATUS_CODES), '499'];

/** Providers of model ids (`provider/model`) with their names in OpenTelemetry's registry. */
export const PROVIDER_NAMES: Readonly<Record<string, string>> = { gemini: 'gcp.gemini', openai: 'openai', offline: 'offline' };
export const PROVIDERS: readonly string[] = Object.values(PROVIDER_NAMES);

/** Its models cost nobody anything, so that usage charged at nothing is right. */
export const FREE_PROVIDER = 'offline';

/** How a model call fails: the kinds of a model error, the provider's status where it answered, or the caller's own end. */
export const MODEL_ERROR_TYPES: readonly string[] = [
  'http', 'network', 'stream_truncated', 'stream_malformed', 'first_byte_timeout', 'idle_timeout', 'response_too_large', 'blocked', 'circuit_open', 'cancelled', 'timeout',
  '400', '401', '403', '404', '408', '413', '429', '500', '502', '503', '504', '529',
];

/** The error codes of tool results. */
export const TOOL_ERROR_TYPES: readonly string[] = [
  'unknown_tool', 'invalid_input', 'limit_reached', 'timeout', 'cancelled', 'not_found', 'outside_workspace', 'too_large', 'not_text', 'no_match', 'ambiguous_match',
  'conflict', 'denied', 'no_space', 'out_of_memory', 'repeated_call', 'command_failed', 'unavailable', 'outcome_unknown', 'internal',
];
