/** Where to look: nothing given means the whole workspace. */
export interface Scope {
  /** File or folder, relative to the workspace. */
  readonly path?: string;
  readonly glob?: string;
}

/** Everything the planner can be asked for. */
export type Command =
  | { readonly kind: 'greet' }
  | { readonly kind: 'find_text'; readonly text: string; readonly scope: Scope; readonly asksForMost: boolean; readonly asksForCount: boolean }
  | { readonly kind: 'find_files'; readonly pattern: string; readonly scope: Scope; readonly asksForCount: boolean }
  | { readonly kind: 'list_files'; readonly scope: Scope }
  | { readonly kind: 'read_file'; readonly path: string; readonly startLine?: number; readonly endLine?: number }
  | { readonly kind: 'count_lines'; readonly path: string }
  | { readonly kind: 'outline_file'; readonly path: string }
  | { readonly kind: 'replace_text'; readonly oldText: string; readonly newText: string; readonly scope: Scope };

export type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;
