export { GeminiEmulator, type GeminiEmulatorOptions, type Responder, type ScriptedTurn, type ServedTotals, startGeminiEmulator } from './gemini-emulator.js';
export { GoogleError, type RateLimit, resourceExhausted } from './google-error.js';
export { type CallMethod, type CallOutcome, RecordedCall } from './recorded-call.js';
export { SIGNATURE_SENTINEL } from './signatures.js';
export { type CallSignature, turn, type Turn, TurnBuilder, type TurnPart, type TurnStep, type TurnUsage } from './turn.js';
export type { WireContent, WirePart, WireRequest, WireResponse, WireUsage } from './wire.js';
