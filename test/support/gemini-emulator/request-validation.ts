import { invalidArgument, GoogleError } from './google-error.js';
import { demandsSignatures, isSignatureValid } from './signatures.js';
import type { WireContent, WirePart, WireRequest } from './wire.js';

const KNOWN_FIELDS = new Set(['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'safetySettings', 'cachedContent']);
const CALLING_MODES = new Set(['AUTO', 'ANY', 'NONE', 'VALIDATED']);

/** Refuses what the real service refuses, in its words. */
export function validateRequest(model: string, request: WireRequest): void {
  for (const field of Object.keys(request)) {
    if (!KNOWN_FIELDS.has(field)) throw invalidArgument(`Invalid JSON payload received. Unknown name "${field}": Cannot find field.`);
  }
  if (!Array.isArray(request.contents) || request.contents.length === 0) {
    throw invalidArgument('* GenerateContentRequest.contents: contents is not specified\n');
  }
  request.contents.forEach(validateContent);
  validateTools(request);
  validateCallTurns(request.contents);
  validateSignatures(model, request.contents);
}

export function validateKey(sent: string | undefined, expected: string): void {
  if (!sent) {
    throw new GoogleError(403, 'PERMISSION_DENIED', "Method doesn't allow unregistered callers (callers without established identity).");
  }
  if (sent !== expected) {
    throw new GoogleError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
    ]);
  }
}

function validateContent(content: WireContent, index: number): void {
  if (content.role !== undefined && !['user', 'model', 'function'].includes(content.role)) {
    throw invalidArgument('Please use a valid role: user, model.');
  }
  if (!Array.isArray(content.parts) || content.parts.length === 0) {
    throw invalidArgument(`* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.\n`);
  }
  for (const part of content.parts) {
    if (part.text === undefined && !part.functionCall && !part.functionResponse) {
      throw invalidArgument(`* GenerateContentRequest.contents[${index}].parts[0].data: required oneof field 'data' must have one initialized field\n`);
    }
  }
}

function validateTools(request: WireRequest): void {
  const declarations = (request.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
  const names = new Set<string>();
  for (const { name, parameters, parametersJsonSchema } of declarations) {
    if (!/^[A-Za-z_][\w.:-]{0,127}$/.test(name)) throw invalidArgument(`Invalid function name: ${name}.`);
    if (names.has(name)) throw invalidArgument(`Duplicate function declaration found: ${name}`);
    if (parameters !== undefined && parametersJsonSchema !== undefined) {
      throw invalidArgument(`parameters and parametersJsonSchema are mutually exclusive: ${name}`);
    }
    names.add(name);
  }
  const mode = request.toolConfig?.functionCallingConfig?.mode;
  if (mode !== undefined && !CALLING_MODES.has(mode)) throw invalidArgument(`Invalid value at 'tool_config.function_calling_config.mode': "${mode}"`);
  if (mode === 'ANY' && names.size === 0) throw invalidArgument('Function calling config is set without function_declarations.');
}

/** All responses to a turn's calls come in the one content after it, as many as there were calls and with their ids. */
function validateCallTurns(contents: readonly WireContent[]): void {
  contents.forEach((content, index) => {
    const calls = content.role === 'model' ? content.parts.flatMap((part) => part.functionCall ?? []) : [];
    const next = contents[index + 1];
    const responses = next?.parts.flatMap((part) => part.functionResponse ?? []) ?? [];
    if (calls.length === 0 && responses.length === 0) return;
    if (calls.length === 0) throw invalidArgument('Please ensure that function response turn comes immediately after a function call turn.');
    if (index === 0) throw invalidArgument('Please ensure that function call turn comes immediately after a user turn or after a function response turn.');
    if (calls.length !== responses.length) {
      throw invalidArgument('Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.');
    }
    calls.forEach((call, position) => {
      const response = responses[position];
      if (call.name !== response?.name || call.id !== response.id) {
        throw invalidArgument(`Please ensure that function response ${position} (${response?.name}, id ${response?.id}) answers its call (${call.name}, id ${call.id}).`);
      }
    });
  });
}

/** Any signature must be genuine; in the current turn the first call of each step must have one. */
function validateSignatures(model: string, contents: readonly WireContent[]): void {
  for (const part of contents.flatMap((content) => content.parts)) {
    if (!isSignatureValid(model, part)) throw invalidArgument('Corrupted thought signature.');
  }
  if (!demandsSignatures(model)) return;
  const turnStart = contents.findLastIndex((content) => content.role !== 'model' && !content.parts.some((part) => part.functionResponse));
  contents.forEach((content, index) => {
    const first = content.parts.find((part: WirePart) => part.functionCall);
    if (index <= turnStart || content.role !== 'model' || !first?.functionCall || first.thoughtSignature) return;
    throw invalidArgument(
      'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature ' +
        `may lead to degraded model performance. Additional data, function call \`default_api:${first.functionCall.name}\`, position ${index + 1}.`,
    );
  });
}
