import { z } from 'zod';

/** Reads a file of the folder that is tested, null when it is not there. */
export type ReadFile = (name: string) => Promise<string | null>;

const packageJson = z.looseObject({
  scripts: z.record(z.string(), z.string()).optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
  devDependencies: z.record(z.string(), z.unknown()).optional(),
});

/** What npm writes into a new package. */
const NO_TESTS = /no test specified/;

/**
 * The command that runs the tests of a project, by what its files say, or null when they say nothing.
 * @param filter file, pattern or name to restrict it to, passed on to the runner
 */
export async function detectTestCommand(read: ReadFile, filter: readonly string[]): Promise<[string, ...string[]] | null> {
  const manifest = await read('package.json');
  if (manifest !== null) return nodeCommand(manifest, filter);
  if (await hasPytest(read)) return ['python3', '-m', 'pytest', '-q', ...filter];
  if ((await read('Cargo.toml')) !== null) return ['cargo', 'test', '--offline', ...filter];
  if ((await read('go.mod')) !== null) return ['go', 'test', ...(filter.length > 0 ? filter : ['./...'])];
  return null;
}

function nodeCommand(manifest: string, filter: readonly string[]): [string, ...string[]] {
  const { scripts, dependencies, devDependencies } = parseManifest(manifest);
  if (scripts?.test && !NO_TESTS.test(scripts.test)) return ['npm', 'test', '--silent', ...(filter.length > 0 ? ['--', ...filter] : [])];
  const packages = { ...dependencies, ...devDependencies };
  if ('vitest' in packages) return ['node_modules/.bin/vitest', 'run', ...filter];
  if ('jest' in packages) return ['node_modules/.bin/jest', '--ci', ...filter];
  if ('mocha' in packages) return ['node_modules/.bin/mocha', ...filter];
  return ['node', '--test', ...filter];
}

/** A manifest that cannot be read says nothing; npm will complain in better words than we could. */
function parseManifest(text: string): z.output<typeof packageJson> {
  try {
    return packageJson.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

async function hasPytest(read: ReadFile): Promise<boolean> {
  const files = await Promise.all(['pytest.ini', 'pyproject.toml', 'setup.cfg', 'requirements.txt'].map(read));
  return files.some((content) => content !== null);
}
