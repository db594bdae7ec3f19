import { readFileSync } from 'node:fs';
import { AppError, ERROR_CODES, type ErrorCode } from '../../../src/common/index.js';
import { toProblem } from '../../../src/http/index.js';

const document = readFileSync(new URL('../../../docs/ERRORS.md', import.meta.url), 'utf8');
const rows = [...document.matchAll(/^\| `(\w+)` \| (\d{3}) \| (.+) \| (.+) \|$/gm)].map(([, code = '', status, when, whatToDo]) => ({ code, status: Number(status), when, whatToDo }));

describe('docs/ERRORS.md', () => {
  it('lists every code with its status, and no other', () => {
    const codes = Object.keys(ERROR_CODES) as ErrorCode[];
    const expected = codes.map((code) => [code, toProblem(new AppError(code, ''), '').status]);
    expect(Object.fromEntries(rows.map(({ code, status }) => [code, status]))).toEqual(Object.fromEntries(expected));
    expect(rows).toHaveLength(codes.length);
  });

  it('says for each when it comes and what to do', () => {
    for (const { code, when, whatToDo } of rows) expect({ code, sentences: [when, whatToDo] }).toEqual({ code, sentences: [expect.stringMatching(/^\S.*\.$/), expect.stringMatching(/^\S.*\.$/)] });
  });
});
