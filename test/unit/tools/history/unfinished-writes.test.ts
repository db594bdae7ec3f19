import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../../../src/common/index.js';
import { ChangeHistory } from '../../../../src/tools/history/change-history.js';
import { Workspace } from '../../../../src/tools/index.js';
import { FixedLimits } from '../../../support/streaming/fixed-limits.js';

const TEN_MINUTES_MS = 600_000;

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'lomu-history-'));
  await mkdir(join(base, 'workspace', 'src'), { recursive: true });
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function leave(name: string, ageMs: number): Promise<void> {
  const path = join(base, 'workspace', name);
  await writeFile(path, 'half');
  await utimes(path, new Date(), new Date(Date.now() - ageMs));
}

it('what a killed server left of its writes is cleared away, but not what may be a write under way, nor what somebody named alike', async () => {
  await leave('.lomu-0123456789abcdef.tmp', TEN_MINUTES_MS + 1_000);
  await leave('src/.lomu-fedcba9876543210.tmp', TEN_MINUTES_MS + 1_000);
  await leave('src/.lomu-00000000000000ff.tmp', TEN_MINUTES_MS - 60_000);
  await leave('src/.lomu-mine.tmp', TEN_MINUTES_MS + 1_000);
  const history = new ChangeHistory({ workspaces: { directory: base } } as never, new FixedLimits({}), new SystemClock());
  await history.begin({ runId: 'r1', projectId: 'p1', workspace: await Workspace.open(join(base, 'workspace')) });
  expect((await readdir(join(base, 'workspace'), { recursive: true })).sort()).toEqual(['src', 'src/.lomu-00000000000000ff.tmp', 'src/.lomu-mine.tmp']);
});
