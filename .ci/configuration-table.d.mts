interface Described {
  readonly default?: string;
  readonly description: string;
}

export const BEGIN: string;
export const END: string;
export function configurationTable(variables: Readonly<Record<string, Described>>): string;
export function environmentExample(variables: Readonly<Record<string, Described>>): string;
export function markedSection(text: string): string | undefined;
