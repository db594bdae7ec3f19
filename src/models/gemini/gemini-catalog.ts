/** What a request to a Gemini model has to know about it. */
export interface GeminiModelProfile {
  readonly name: string;
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;
  /** Models that do not think refuse a request that asks for thoughts. */
  readonly thinks: boolean;
}

/** Models offered by name. Any other name works as well, with `fallbackProfile`. */
const KNOWN_MODELS = [
  'gemini-3.8-flash',
  'gemini-3.6-flash',
  'gemini-3.5-flash',
  'gemini-3.5-flash-lite',
  'gemini-3.1-pro-preview',
  'gemini-3.1-flash-lite',
  'gemini-3-flash-preview',
  'gemini-2.5-pro',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
] as const;

/** Since 2.5 all of them share these sizes. */
const CURRENT_SIZES = { contextWindowTokens: 1_048_576, maxOutputTokens: 65_536, thinks: true };

/** Small enough for every Gemini model there has been since 1.5. */
const UNKNOWN_SIZES = { contextWindowTokens: 1_000_000, maxOutputTokens: 8_192 };

export const KNOWN_PROFILES: readonly GeminiModelProfile[] = KNOWN_MODELS.map((name) => ({ name, ...CURRENT_SIZES }));

/** The profile of a model; unknown ones get what is safe for their generation. */
export function profileOf(name: string): GeminiModelProfile {
  return KNOWN_PROFILES.find((profile) => profile.name === name) ?? { name, ...UNKNOWN_SIZES, thinks: generationOf(name) >= 2.5 };
}

function generationOf(name: string): number {
  return Number(/^gemini-(\d+(?:\.\d+)?)/.exec(name)?.[1] ?? 0);
}
