import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { LIMITS } from '../../../src/limits/index.js';

const TESTS = join(import.meta.dirname, '../..');

/** A limit nobody applies is a promise nobody keeps: each has a test, named after its key, of what happens below, at and above it. */
describe('a test shows that it bites', () => {
  const named = new Set(testFiles().flatMap(keysNamedIn));

  it.each(Object.keys(LIMITS))('%s', (key) => {
    if (!named.has(key)) throw new Error(`No test title begins with "${key}: ". Write what happens below, at and above it.`);
  });
});

function testFiles(): ts.SourceFile[] {
  const paths = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((path) => /\.(test|conformance)\.ts$/.test(path));
  return paths.map((path) => ts.createSourceFile(path, readFileSync(join(TESTS, path), 'utf8'), ts.ScriptTarget.Latest, true));
}

/** What the titles of tests begin with, up to the colon: `a.b`, `a.b and a.c`, `a.*`, or `a.%s` with the words of its table. */
function keysNamedIn(file: ts.SourceFile): string[] {
  const keys: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^\(?\s*it\b|^\(.*\bit\b/.test(node.expression.getText())) keys.push(...keysOf(node, file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return keys;
}

function keysOf({ expression, arguments: [title] }: ts.CallExpression, file: ts.SourceFile): string[] {
  const text = title && ts.isStringLiteralLike(title) ? title.text : '';
  const names = (/^([^:]*):/.exec(text)?.[1] ?? '').split(/, | and /).map((name) => name.split(' ')[0] ?? '');
  return names.flatMap((name) => (name.includes('%s') ? wordsOfTable(expression, file).map((word) => name.replace('%s', word)) : expand(name)));
}

/** `run.timeoutMs.*` stands for all keys below it. */
function expand(name: string): string[] {
  return name.endsWith('.*') ? Object.keys(LIMITS).filter((key) => key.startsWith(name.slice(0, -1))) : [name];
}

/** The strings in the table of an `it.each(table)`, be it written there or a constant of the file. */
function wordsOfTable(each: ts.Expression, file: ts.SourceFile): string[] {
  if (!ts.isCallExpression(each)) return [];
  const [table] = each.arguments;
  const node = table && ts.isIdentifier(table) ? constantIn(file, table.text) : table;
  const words: string[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isStringLiteralLike(child)) words.push(child.text);
    ts.forEachChild(child, visit);
  };
  if (node) visit(node);
  return words;
}

function constantIn(file: ts.SourceFile, name: string): ts.Node | undefined {
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === name) found = node.initializer;
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
