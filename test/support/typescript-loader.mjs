// Module hooks that compile the sources on import, for the processes and worker threads of tests. What is compiled is kept for the next.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync, version } from '@swc/core';

const cache = fileURLToPath(new URL('../../node_modules/.cache/lomu/compiled/', import.meta.url));
const tests = new URL('../', import.meta.url).href;
mkdirSync(cache, { recursive: true });

export async function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: withinItsRun(new URL('./jest/globals.mjs', import.meta.url), context), shortCircuit: true };
  if (/^(file:|\.)/.test(specifier) && specifier.endsWith('.js')) {
    const compiled = new URL(specifier, context.parentURL);
    const source = new URL(compiled.href.replace(/\.js$/, '.ts'));
    if (!existsSync(compiled) && existsSync(source)) return { url: withinItsRun(source, context), format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

/** Modules of src/ are shared by all test files of a worker; those of test/ are loaded anew for each, with their hooks. A URL's query tells the file. */
function withinItsRun(module, { parentURL }) {
  if (parentURL && module.href.startsWith(tests)) module.search = new URL(parentURL).search;
  return module.href;
}

export async function load(url, context, next) {
  if (!/\.ts(\?|$)/.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  const source = readFileSync(path, 'utf8');
  const kept = `${cache}${createHash('sha256').update(`${version}\n${path}\n${source}`).digest('hex')}.mjs`;
  if (!existsSync(kept)) {
    const partial = `${kept}.${process.pid}.${Math.random()}`;
    writeFileSync(partial, compile(source, path));
    renameSync(partial, kept);
  }
  return { format: 'module', source: readFileSync(kept, 'utf8'), shortCircuit: true };
}

function compile(source, path) {
  return transformSync(source, {
    filename: path,
    jsc: { parser: { syntax: 'typescript', decorators: true }, transform: { legacyDecorator: true, decoratorMetadata: true }, target: 'es2022' },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  }).code;
}
