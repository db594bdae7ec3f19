import type { LimitKey, LimitValue } from '../../limits/index.js';
import type { SandboxLimits } from './sandbox.port.js';

/** @param timeoutMs the limit of the kind of command that is run */
export function readSandboxLimits(value: <Key extends LimitKey>(key: Key) => LimitValue<Key>, timeoutMs: number): SandboxLimits {
  return {
    timeoutMs,
    maxCpuSeconds: value('sandbox.maxCpuSeconds'),
    maxMemoryBytes: value('sandbox.maxMemoryBytes'),
    maxProcesses: value('sandbox.maxProcesses'),
    maxOpenFiles: value('sandbox.maxOpenFiles'),
    maxFileBytes: value('sandbox.maxFileBytes'),
    maxTemporaryBytes: value('sandbox.maxTemporaryBytes'),
    maxKeptOutputBytes: value('sandbox.maxKeptOutputBytes'),
    maxOutputBytes: value('sandbox.maxOutputBytes'),
    minDiskFreeBytes: value('sandbox.minDiskFreeBytes'),
    diskCheckMs: value('sandbox.diskCheckMs'),
    quotaCheckMs: value('sandbox.quotaCheckMs'),
    maxProtectedPaths: value('sandbox.maxProtectedPaths'),
  };
}
