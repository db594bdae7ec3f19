// Jest's default runner, with test files imported by Node: see process-environment.mjs.
const asyncHooks = require('node:async_hooks');
const { pathToFileURL } = require('node:url');
const { default: circus } = require('jest-circus/runner');

let runs = 0;
const contexts = [];

module.exports = (globalConfig, config, environment, runtime, testPath, sendMessageToJest) => {
  process.setSourceMapsEnabled(true);
  Error.prepareStackTrace = undefined; // Jest's own knows only the source maps of what Jest compiles
  globalThis[Symbol.for('lomu.jest')] = runtime.requireModule(require.resolve('./jest-object.cjs'));
  const native = Object.create(runtime, {
    requireInternalModule: { value: requireAnew },
    unstable_shouldLoadAsEsm: { value: () => true },
    unstable_importModule: { value: (path) => import(`${pathToFileURL(path).href}?run=${++runs}`) },
  });
  return circus(globalConfig, config, environment, native, testPath, sendMessageToJest).finally(() => {
    for (const context of contexts.splice(0)) context.disable();
  });
};

/** The framework keeps the tests of a file in its module, and on the global object. */
function requireAnew(path) {
  delete require.cache[path];
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    if (symbol.description === 'JEST_STATE_SYMBOL' || symbol === Symbol.for('EVENT_HANDLERS')) delete globalThis[symbol];
  }
  const { AsyncLocalStorage } = asyncHooks;
  asyncHooks.AsyncLocalStorage = FileContext;
  try {
    return require(path);
  } finally {
    asyncHooks.AsyncLocalStorage = AsyncLocalStorage;
  }
}

/** The framework's note of which test is running. Every promise made carries all enabled ones, so those of finished files have to be disabled. */
class FileContext extends asyncHooks.AsyncLocalStorage {
  constructor() {
    super();
    contexts.push(this);
  }
}
