import { createHmac } from 'node:crypto';
import type { WireFunctionCall, WirePart } from './wire.js';

/** Documented by Google for parts that were not made by this model. */
export const SIGNATURE_SENTINEL = 'skip_thought_signature_validator';

/** A signature binds a part to the model that made it, as the real ones do; a changed part or another model breaks it. */
export function sign(model: string, part: WirePart, nonce: number): string {
  const head = nonce.toString(16).padStart(8, '0');
  return Buffer.from(`${head}.${digest(model, part, head)}`).toString('base64');
}

export function isSignatureValid(model: string, part: WirePart): boolean {
  if (part.thoughtSignature === undefined || part.thoughtSignature === SIGNATURE_SENTINEL) return true;
  const [head = '', mac] = Buffer.from(part.thoughtSignature, 'base64').toString('utf8').split('.');
  return mac === digest(model, part, head);
}

/** Signatures are demanded from generation 3 on. */
export function demandsSignatures(model: string): boolean {
  return Number(/^gemini-(\d+)/.exec(model)?.[1] ?? 0) >= 3;
}

function digest(model: string, part: WirePart, head: string): string {
  const signed = part.functionCall ? describeCall(part.functionCall) : `text:${part.text ?? ''}`;
  return createHmac('sha256', 'emulator').update(`${head}\n${model}\n${signed}`).digest('hex');
}

function describeCall(call: WireFunctionCall): string {
  return `call:${call.id ?? ''}:${call.name}:${JSON.stringify(call.args ?? {}, sortKeys)}`;
}

/** Stores such as jsonb keep values but not the order of keys. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
