/** An error in the code, as a compiler or a language server reports it. */
export interface Diagnostic {
  /** For reading, with line and column. */
  readonly text: string;
  /** The same error at another line has the same identity. */
  readonly identity: string;
}

export interface DiagnosticsDelta {
  readonly added: readonly Diagnostic[];
  readonly remaining: readonly Diagnostic[];
  readonly fixed: readonly Diagnostic[];
}

/** Each error counts as often as it occurs. */
export function compareDiagnostics(before: readonly Diagnostic[], now: readonly Diagnostic[]): DiagnosticsDelta {
  const left = [...before];
  const added: Diagnostic[] = [];
  const remaining: Diagnostic[] = [];
  for (const diagnostic of now) {
    const index = left.findIndex(({ identity }) => identity === diagnostic.identity);
    if (index < 0) added.push(diagnostic);
    else {
      left.splice(index, 1);
      remaining.push(diagnostic);
    }
  }
  return { added, remaining, fixed: left };
}
