/** What tests may import from `@jest/globals`. */
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, fdescribe, fit, it, test, xdescribe, xit, xtest } = globalThis;
export const jest = globalThis[Symbol.for('lomu.jest')];
