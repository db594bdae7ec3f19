/** A number from 0 up to but not including 1; injected so that tests know it. */
export type Random = () => number;

export const RANDOM = Symbol('Random');
