import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** A number in the source that bounds something. */
export interface FoundBound {
  /** From the root of the project. */
  readonly file: string;
  readonly line: number;
  /** What is bounded: a constant's or property's name, or the call it is given to. */
  readonly name: string;
  readonly value: string;
}

/** Names that say "at most", "at least", "how long" or "how many". */
const BOUND_NAME = /^(max|min)(?![a-z])|(?:^|_)(max|min)(?:_|$)|(timeout|delay|interval|backoff|retention|lease|ttl|age|grace|period|window|limit|capacity|budget|quota|depth|attempts|retries|concurrency|size|length|bytes|ms|millis|seconds|minutes|hours|days)$/i;

/** Names of units and of conversions between them. */
const UNIT_NAME = /^(SECOND|MINUTE|HOUR|DAY)_MS$|_PER_(MS|SECOND|MINUTE|HOUR|DAY)$/;

/** Calls that take a time, with the position of it. */
const TIMED_CALLS: Readonly<Record<string, number>> = { setTimeout: 1, setInterval: 1, schedule: 1, sleep: 0, timeout: 0 };

/**
 * Finds numbers that bound something: named constants and properties, waits, cuts of lists and texts, and rows taken.
 * Lengths in request schemas (`z.string().max(200)`) are left out: they are the shape of the public contract.
 */
export function findBounds(source: ts.SourceFile, file: string): FoundBound[] {
  const found: FoundBound[] = [];
  const add = (node: ts.Node, name: string, value: ts.Expression | undefined): void => {
    if (!value || !isBoundingNumber(value)) return;
    found.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, name, value: value.getText() });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && isBoundName(node.name.text)) add(node, node.name.text, node.initializer);
    if (ts.isPropertyDeclaration(node) && ts.isIdentifier(node.name) && isBoundName(node.name.text)) add(node, node.name.text, node.initializer);
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && (node.name.text === 'take' || isBoundName(node.name.text))) add(node, node.name.text, node.initializer);
    if (ts.isParameter(node) && ts.isIdentifier(node.name) && isBoundName(node.name.text)) add(node, node.name.text, node.initializer);
    if (ts.isCallExpression(node)) visitCall(node, add);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function visitCall(call: ts.CallExpression, add: (node: ts.Node, name: string, value: ts.Expression | undefined) => void): void {
  const name = ts.isPropertyAccessExpression(call.expression) ? call.expression.name.text : call.expression.getText();
  const position = Object.hasOwn(TIMED_CALLS, name) ? TIMED_CALLS[name] : undefined;
  if (position !== undefined) add(call, `${name}()`, call.arguments[position]);
  if (/^(slice|substring|subarray)$/.test(name) && call.arguments.length === 2 && isZero(call.arguments[0]) && !isDateText(call.expression)) {
    add(call, `${name}()`, call.arguments[1]);
  }
}

/** The day or month of an ISO date is no cut. */
function isDateText(method: ts.Expression): boolean {
  return ts.isPropertyAccessExpression(method) && /\.toISOString\(\)$/.test(method.expression.getText());
}

function isBoundName(name: string): boolean {
  return !UNIT_NAME.test(name) && BOUND_NAME.test(name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2'));
}

/** A number, or a sum or product of numbers; 0 and 1 bound nothing that anybody would tune. */
function isBoundingNumber(expression: ts.Expression): boolean {
  if (ts.isNumericLiteral(expression)) return Number(expression.text.replaceAll('_', '')) > 1;
  if (ts.isParenthesizedExpression(expression)) return isBoundingNumber(expression.expression);
  if (ts.isBinaryExpression(expression)) return isNumeric(expression.left) && isNumeric(expression.right);
  return false;
}

/** Also named units, as in `24 * HOUR`. */
function isNumeric(expression: ts.Expression): boolean {
  if (ts.isNumericLiteral(expression) || (ts.isIdentifier(expression) && /^[A-Z][A-Z0-9_]*$/.test(expression.text))) return true;
  if (ts.isParenthesizedExpression(expression)) return isNumeric(expression.expression);
  return ts.isBinaryExpression(expression) && isNumeric(expression.left) && isNumeric(expression.right);
}

function isZero(expression: ts.Expression | undefined): boolean {
  return expression !== undefined && ts.isNumericLiteral(expression) && expression.text === '0';
}

/** Texts that stand in the source, and the beginnings of those that are put together: `stream.` of `stream.${name}`. */
export function findTexts(source: ts.SourceFile): { readonly whole: Set<string>; readonly beginnings: Set<string> } {
  const whole = new Set<string>();
  const beginnings = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) whole.add(node.text);
    if (ts.isTemplateHead(node)) beginnings.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { whole, beginnings };
}

export function parseSource(text: string, file: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
}

/** Every source file below a folder, parsed; what Prisma generates is not ours. */
export function readSources(root: string, folder = join(root, 'src')): { readonly file: string; readonly source: ts.SourceFile }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : readSources(root, path);
    if (!entry.name.endsWith('.ts')) return [];
    return [{ file: relative(root, path), source: parseSource(readFileSync(path, 'utf8'), path) }];
  });
}
