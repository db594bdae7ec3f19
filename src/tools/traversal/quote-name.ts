const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A name that cannot break out of its line, as a JSON string where it otherwise would. */
export function quoteName(name: string): string {
  return CONTROL_CHARACTER.test(name) ? JSON.stringify(name) : name;
}
