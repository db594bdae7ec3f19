import fc from 'fast-check';
import { Workspace } from '../../../src/tools/index.js';
import { EditFileTool } from '../../../src/tools/files/edit-file.tool.js';
import { editText } from '../../../src/tools/files/text-edit.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';
import { toolContext } from '../../support/tools/tool-context.js';

const SOURCE = ['export function add(a: number, b: number) {', '    const sum = a + b;', '    return sum;', '}', '', 'export function twice(a: number) {', '    return a + a;', '}', ''].join('\n');

const edit = (text: string, oldText: string, newText: string, replaceAll = false) => editText(text, { oldText, newText, replaceAll }, 'file.ts');
const refusal = (text: string, oldText: string, newText = 'x') => {
  try {
    edit(text, oldText, newText);
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error('It was not refused.');
};

describe('an exact match', () => {
  it('is replaced and nothing else', () => {
    expect(edit(SOURCE, 'return sum;', 'return sum + 0;')).toMatchObject({ text: SOURCE.replace('return sum;', 'return sum + 0;'), replacements: 1, firstLine: 3, tolerance: null });
  });

  it('takes the new text literally', () => {
    expect(edit('price: OLD', 'OLD', "$& $1 $$ $' \\n").text).toBe("price: $& $1 $$ $' \\n");
  });

  it('deletes with an empty new text', () => {
    expect(edit('a\nb\nc\n', 'b\n', '').text).toBe('a\nc\n');
  });

  it('is refused when there are several, with their lines', () => {
    expect(refusal('x = 1\ny = 2\nx = 1\n', 'x = 1')).toMatchObject({ code: 'ambiguous_match', message: expect.stringContaining('2 times, at lines 1, 3') });
  });

  it('is replaced everywhere with replaceAll', () => {
    expect(edit('x = 1\ny = 2\nx = 1\n', 'x = 1', 'x = 1 + x = 1', true)).toMatchObject({ text: 'x = 1 + x = 1\ny = 2\nx = 1 + x = 1\n', replacements: 2 });
  });

  it('keeps the line ends of the file, whatever the model uses', () => {
    expect(edit('a\r\nb\r\nc\r\n', 'a\nb', 'a\nnew\nb').text).toBe('a\r\nnew\r\nb\r\nc\r\n');
    expect(edit('a\nb\n', 'a\r\nb', 'a\r\nc').text).toBe('a\nc\n');
  });

  it('I: is found wherever it is, for any text (property)', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), fc.string(), fc.string(), (before, oldText, after, newText) => {
        const text = `${before}${oldText}${after}`;
        fc.pre(!`${text}${newText}`.includes('\r') && text.split(oldText).length === 2);
        // Overlapping occurrences, as of "aa" in "aaa", count once: the leftmost is taken.
        const at = text.indexOf(oldText);
        expect(edit(text, oldText, newText).text).toBe(text.slice(0, at) + newText + text.slice(at + oldText.length));
      }),
    );
  });
});

describe('white space that differs', () => {
  it('at line ends is overlooked', () => {
    expect(edit('if (a) {  \n  b();\n}\n', 'if (a) {\n  b();\n}', 'if (c) {\n  b();\n}')).toMatchObject({ text: 'if (c) {\n  b();\n}\n', tolerance: 'white space at line ends' });
  });

  it('in the indentation is overlooked, and the new text gets that of the file', () => {
    const outcome = edit(SOURCE, 'const sum = a + b;\nreturn sum;', 'const sum = b + a;\nif (sum) {\n  log(sum);\n}\nreturn sum;');
    expect(outcome.tolerance).toBe('indentation');
    expect(outcome.text).toContain('{\n    const sum = b + a;\n    if (sum) {\n      log(sum);\n    }\n    return sum;\n}');
  });

  it('tabs for spaces are overlooked', () => {
    expect(edit('\tif (a) {\n\t\tb();\n\t}\n', '    if (a) {\n        b();\n    }', '    if (c) {\n    }').text).toBe('\tif (c) {\n\t}\n');
  });

  it('within lines is overlooked last', () => {
    expect(edit('let  x   =  1;\n', 'let x = 1;', 'let x = 2;')).toMatchObject({ text: 'let x = 2;\n', tolerance: 'amounts of white space' });
  });

  it('does not make an exact place ambiguous', () => {
    expect(edit('  a();\na();\n', '\na();', '\nb();').text).toBe('  a();\nb();\n');
  });

  it('is not overlooked when more than one place would fit', () => {
    expect(refusal('{\n  go( );\n}\n{\n    go( );\n}\n', '\tgo( );')).toMatchObject({ code: 'ambiguous_match', message: expect.stringContaining('at lines 2, 5') });
  });

  it('keeps line ends and removes whole lines for an empty new text', () => {
    expect(edit('a\r\n  b  \r\nc\r\n', 'b', 'd').text).toBe('a\r\n  d  \r\nc\r\n');
    expect(edit('a\n    b();\n    c();\nd\n', 'b();\nc();', '').text).toBe('a\nd\n');
    expect(edit('a\n    b();\n    c();', 'b();\nc();', '').text).toBe('a\n');
  });

  it('does not run over the end of the text', () => {
    expect(refusal('a\nb', 'b\nc').code).toBe('no_match');
  });
});

describe('no match', () => {
  it('says which line differs and shows the nearest place', () => {
    const { code, message } = refusal(SOURCE, '    const sum = a - b;\n    return sum;');
    expect(code).toBe('no_match');
    expect(message).toContain('The first line that differs is 2:\n  yours: const sum = a - b;\n  there: const sum = a + b;');
    expect(message).toContain('3\t    return sum;');
  });

  it('says so when nothing is near', () => {
    expect(refusal(SOURCE, 'SELECT * FROM users').message).toContain('No line of it is like any line of the file');
  });

  it('points out that line numbers are no part of the file', () => {
    expect(refusal(SOURCE, '2\t    const sum = a + b;\n3\t    return sum;').message).toContain('line numbers');
  });

  it('is explained in reasonable time for a large file', () => {
    const large = Array.from({ length: 40_000 }, (_, index) => `const value${index} = compute(${index}, "some text to compare");`).join('\n');
    const startedAt = performance.now();
    expect(refusal(large, 'const other = compute(7, "some text to comparE");').code).toBe('no_match');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('edit_file', () => {
  let folder: TestWorkspace;
  const tool = new EditFileTool();
  const call = async (input: unknown) => tool.execute(tool.input.parse(input), toolContext(await Workspace.open(folder.path)));

  beforeEach(async () => {
    folder = await createTestWorkspace({ 'src/add.ts': SOURCE, 'bom.txt': '\uFEFFone\ntwo\n' });
  });
  afterEach(() => folder.remove());

  it('changes the file and shows what it reads like now', async () => {
    const output = await call({ path: './src/add.ts', oldText: 'return a + a;', newText: 'return 2 * a;' });
    expect(output).toContain('Changed src/add.ts in one place.');
    expect(output).toContain('7\t    return 2 * a;');
    expect(await folder.read('src/add.ts')).toBe(SOURCE.replace('a + a', '2 * a'));
  });

  it('keeps a byte order mark', async () => {
    await call({ path: 'bom.txt', oldText: 'one', newText: 'three' });
    expect(await folder.read('bom.txt')).toBe('\uFEFFthree\ntwo\n');
  });

  it('refuses a change that changes nothing, and an empty old text', async () => {
    await expect(call({ path: 'src/add.ts', oldText: 'a', newText: 'a' })).rejects.toMatchObject({ code: 'invalid_input' });
    expect(() => tool.input.parse({ path: 'src/add.ts', oldText: '', newText: 'a' })).toThrow();
  });

  it('leaves the file alone when it refuses', async () => {
    await expect(call({ path: 'src/add.ts', oldText: 'number', newText: 'bigint' })).rejects.toMatchObject({ code: 'ambiguous_match' });
    expect(await folder.read('src/add.ts')).toBe(SOURCE);
  });
});

it('finds its place in a file with mixed line ends, and keeps both kinds', () => {
  const mixed = 'a\r\nb\r\nc\r\nd\ne\n';
  expect(edit(mixed, 'd\ne', 'd\nx\ne').text).toBe('a\r\nb\r\nc\r\nd\nx\ne\n');
  expect(edit(mixed, 'a\nb', 'a\nx\nb').text).toBe('a\r\nx\r\nb\r\nc\r\nd\ne\n');
});
