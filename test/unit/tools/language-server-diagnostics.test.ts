import { newLanguageServerErrors } from '../../../src/tools/diagnostics/language-server-diagnostics.js';
import { RunMemory } from '../../../src/tools/runner/run-memory.js';

const at = (line: number, message: string, severity?: number) => ({ range: { start: { line, character: 4 }, end: { line, character: 5 } }, message, code: 2304, ...(severity && { severity }) });
const report = (...diagnostics: unknown[]) => ({ uri: 'file:///a.ts', diagnostics });

describe('errors that a language server reports', () => {
  it('are new when they were not in the report before, wherever they have moved to', () => {
    const memory = new RunMemory();
    expect(newLanguageServerErrors(report(at(3, 'old', 1)), memory)).toEqual([]);
    expect(newLanguageServerErrors(report(at(9, 'old', 1), at(1, 'new')), memory).map(({ text }) => text)).toEqual(['file:///a.ts:2:5: new (2304)']);
    expect(newLanguageServerErrors(report(at(1, 'new')), memory)).toEqual([]);
  });

  it('are none where the server only warns or hints, or the answer is no report', () => {
    const memory = new RunMemory();
    newLanguageServerErrors(report(), memory);
    expect(newLanguageServerErrors(report(at(1, 'unused', 2), at(1, 'hint', 4)), memory)).toEqual([]);
    for (const other of [undefined, null, 'text', { diagnostics: [] }, { uri: 'file:///a.ts', diagnostics: [{ message: 'no range' }] }]) expect(newLanguageServerErrors(other, memory)).toEqual([]);
  });

  it('belong to one document', () => {
    const memory = new RunMemory();
    newLanguageServerErrors(report(), memory);
    expect(newLanguageServerErrors({ ...report(at(1, 'first look', 1)), uri: 'file:///b.ts' }, memory)).toEqual([]);
    expect(newLanguageServerErrors(report(at(1, 'broken', 1)), memory)).toHaveLength(1);
  });
});
