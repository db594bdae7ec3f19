const NOTE = /^\[unchanged since step \d{1,9}\]\n/;

/** What the model is given instead of a read that would only bring the same again. */
export function withNote(output: string, iteration: number): string {
  return `[unchanged since step ${iteration}]\n${output}`;
}

export function withoutNote(output: string): string {
  return output.replace(NOTE, '');
}
