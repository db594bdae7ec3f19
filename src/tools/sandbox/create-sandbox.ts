import { platform } from 'node:process';
import { Logger } from '@nestjs/common';
import type { Clock } from '../../common/index.js';
import type { Config } from '../../config/index.js';
import type { Limits } from '../../limits/index.js';
import { BubblewrapSandbox } from './bubblewrap.sandbox.js';
import { ControlGroups } from './control-groups.js';
import { prepareHost } from './sandbox-host.js';
import { readSandboxLimits } from './sandbox-limits.js';
import type { Sandbox, SandboxAvailability } from './sandbox.port.js';
import { testSandbox } from './self-test.js';
import { Turns } from './turns.js';
import { UnavailableSandbox } from './unavailable.sandbox.js';

/** The sandbox of this machine, tried out. One that keeps not all of its promises is not used: nothing is then executed (fail closed). */
export async function createSandbox(config: Config['sandbox'], limits: Limits, clock: Clock): Promise<Sandbox> {
  const logger = new Logger('Sandbox');
  if (config.kind === 'off') return new UnavailableSandbox('Executing is switched off (SANDBOX=off).');
  if (platform !== 'linux') return unavailable(logger, 'bubblewrap needs Linux');
  const host = await prepareHost(config.toolPaths, config.user);
  const commandLimits = readSandboxLimits((key) => limits.value(key), limits.value('sandbox.selfTestTimeoutMs'));
  const groups = await ControlGroups.find(commandLimits);
  const turns = new Turns(
    () => limits.value('sandbox.maxConcurrent'),
    () => limits.value('sandbox.maxQueued'),
  );
  const make = (availability: SandboxAvailability): BubblewrapSandbox => new BubblewrapSandbox(availability, host, groups, config.user, turns, clock);
  const sandbox = make({ isAvailable: true, detail: groups ? 'bubblewrap, control groups' : 'bubblewrap, limits per process' });
  const fault = await testSandbox(sandbox, commandLimits);
  if (fault === null) return sandbox;
  await sandbox.onApplicationShutdown();
  return unavailable(logger, fault);
}

function unavailable(logger: Logger, fault: string): Sandbox {
  const reason = `Commands cannot be confined on this machine, so none are run: ${fault}. Install bubblewrap, or set SANDBOX=off to do without.`;
  logger.warn({ message: 'sandbox is not available', reason });
  return new UnavailableSandbox(reason);
}
