import { v7, validate } from 'uuid';

/** A new UUIDv7: sorts by creation time, which keeps indexes dense. */
export function newId(): string {
  return v7();
}

export function isId(value: string): boolean {
  return validate(value);
}
