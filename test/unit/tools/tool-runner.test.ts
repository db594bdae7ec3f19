import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { ToolError, type ToolEvent } from '../../../src/tools/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { callsOf, setUpRunner } from '../../support/tools/runner-setup.js';
import { scriptedTool } from '../../support/tools/scripted-tool.js';

const never = (): Promise<string> => new Promise(() => undefined);
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A tool that stays at work until it is let go, and knows how many of its kind are at work. */
function gatedTool(name: string, readOnly = true) {
  const waiting: (() => void)[] = [];
  let most = 0;
  let now = 0;
  const tool = scriptedTool({
    name,
    readOnly,
    execute: async () => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => waiting.push(resolve));
      now--;
      return name;
    },
  });
  return { tool, letGo: () => waiting.splice(0).forEach((go) => go()), atWork: () => now, most: () => most };
}

describe('what is refused before it runs', () => {
  const tools = [scriptedTool({ name: 'read_file' }), scriptedTool({ name: 'write_file', readOnly: false })];

  it('tells the model each fault of its input by field', async () => {
    const { run } = await setUpRunner({ tools });
    const [result] = await run([{ callId: 'a', name: 'read_file', input: { text: 7, times: 9, tex: 'x' } }]);
    expect(result).toMatchObject({ ok: false, code: 'invalid_input' });
    expect(result?.output).toContain('text: Invalid input: expected string, received number');
    expect(result?.output).toContain('times: Too big');
    expect(result?.output).toContain('tex: there is no such field');
  });

  it.each([null, undefined, 'text', [], 3n, 42])('answers input %p as invalid instead of throwing', async (input) => {
    const { run } = await setUpRunner({ tools });
    expect((await run([{ callId: 'a', name: 'read_file', input }]))[0]).toMatchObject({ ok: false, code: 'invalid_input' });
  });

  it('answers an unknown tool with the nearest name, and with all names when none is near', async () => {
    const { run } = await setUpRunner({ tools });
    const [near, far] = await run(callsOf('raed_file', 'teleport'));
    expect(near).toMatchObject({ ok: false, code: 'unknown_tool', output: 'There is no tool called raed_file. Did you mean read_file?' });
    expect(far?.output).toContain('There are: read_file, write_file.');
  });

  it('does not spend time on comparing an absurdly long name', async () => {
    const { run } = await setUpRunner({ tools });
    const [result] = await run(callsOf('r'.repeat(1_000_000)));
    expect(result).toMatchObject({ code: 'unknown_tool' });
    expect(result?.output.length).toBeLessThan(300);
  });

  it('refuses an input above tool.maxInputBytes', async () => {
    const { run } = await setUpRunner({ tools, limits: { 'tool.maxInputBytes': 300 } });
    const [small, large] = await run([
      { callId: 'a', name: 'read_file', input: { text: 'x'.repeat(200) } },
      { callId: 'b', name: 'read_file', input: { text: 'ä'.repeat(200) } },
    ]);
    expect(small).toMatchObject({ ok: true });
    expect(large).toMatchObject({ ok: false, code: 'too_large' });
  });

  it('refuses the calls over tool.maxPerIteration one by one while the others run', async () => {
    const { run } = await setUpRunner({ tools, limits: { 'tool.maxPerIteration': 2 } });
    const results = await run(callsOf('read_file', 'write_file', 'read_file', 'write_file'));
    expect(results.map((result) => (result.ok ? 'ok' : result.code))).toEqual(['ok', 'ok', 'limit_reached', 'limit_reached']);
  });

  it('refuses the calls that the session has no room for', async () => {
    const { run } = await setUpRunner({ tools });
    const results = await run(callsOf('read_file', 'read_file'), { session: { toolCallsLeft: 1 } });
    expect(results.map((result) => (result.ok ? 'ok' : result.code))).toEqual(['ok', 'limit_reached']);
    expect(results[1]?.output).toContain('session');
  });
});

describe('order', () => {
  it('runs reads side by side, at most tool.maxParallelReads', async () => {
    const read = gatedTool('read');
    const { run } = await setUpRunner({ tools: [read.tool], limits: { 'tool.maxParallelReads': 2 } });
    const done = run(callsOf('read', 'read', 'read', 'read'));
    await tick();
    expect(read.atWork()).toBe(2);
    while (read.atWork() > 0) {
      read.letGo();
      await tick();
    }
    expect(await done).toHaveLength(4);
    expect(read.most()).toBe(2);
  });

  it('runs changes one after the other', async () => {
    const write = gatedTool('write', false);
    const { run } = await setUpRunner({ tools: [write.tool] });
    const done = run(callsOf('write', 'write', 'write'));
    for (let turn = 0; turn < 3; turn++) {
      await tick();
      expect(write.atWork()).toBe(1);
      write.letGo();
    }
    await done;
    expect(write.most()).toBe(1);
  });

  it('lets a change wait for the reads before it, and the reads after it wait for the change', async () => {
    const log: string[] = [];
    const logging = (name: string, readOnly: boolean) =>
      scriptedTool({
        name,
        readOnly,
        execute: async () => {
          log.push(`${name} starts`);
          await tick();
          log.push(`${name} ends`);
          return name;
        },
      });
    const { run } = await setUpRunner({ tools: [logging('read', true), logging('write', false)] });
    await run(callsOf('read', 'read', 'write', 'read'));
    expect(log).toEqual(['read starts', 'read starts', 'read ends', 'read ends', 'write starts', 'write ends', 'read starts', 'read ends']);
  });

  it('gives results in the order of the calls, whichever ends first', async () => {
    const slow = gatedTool('slow');
    const { run } = await setUpRunner({ tools: [slow.tool, scriptedTool({ name: 'quick' })] });
    const done = run(callsOf('slow', 'quick'));
    await tick();
    slow.letGo();
    expect((await done).map(({ output }) => output)).toEqual(['slow', 'quick']);
  });

  it('tells of each call when it starts and when it ends, refused ones too', async () => {
    const { run, events } = await setUpRunner({ tools: [scriptedTool({ name: 'read' })], limits: { 'tool.maxPerIteration': 1 } });
    await run(callsOf('read', 'nothing'));
    expect(events.map(({ type, callId }) => `${type} ${callId}`)).toEqual(['called call-1', 'finished call-1', 'called call-2', 'finished call-2']);
    expect(events[2]).toMatchObject({ name: 'nothing', readOnly: false, input: { text: 'nothing' } });
  });
});

describe('I4: before a change', () => {
  it('waits for beforeChange, which is asked for changes only', async () => {
    const log: string[] = [];
    const write = scriptedTool({ name: 'write', readOnly: false, execute: async () => String(log.push('written')) });
    const { run } = await setUpRunner({ tools: [write, scriptedTool({ name: 'read' })] });
    await run(callsOf('read', 'write'), {
      beforeChange: async (call) => {
        await tick();
        log.push(`recorded ${call.callId}`);
      },
    });
    expect(log).toEqual(['recorded call-2', 'written']);
  });

  it('does not start the tool when that fails, and passes the failure on', async () => {
    let isStarted = false;
    const write = scriptedTool({ name: 'write', readOnly: false, execute: async () => String((isStarted = true)) });
    const { run } = await setUpRunner({ tools: [write] });
    await expect(run(callsOf('write'), { beforeChange: () => Promise.reject(new Error('no record')) })).rejects.toThrow('no record');
    expect(isStarted).toBe(false);
  });

  it('is not asked for a change whose input is invalid', async () => {
    const { run } = await setUpRunner({ tools: [scriptedTool({ name: 'write', readOnly: false })] });
    await run([{ callId: 'a', name: 'write', input: {} }], { beforeChange: () => Promise.reject(new Error('asked')) });
  });

  it('does not wait for beforeChange after a cancel', async () => {
    const { run, cancel } = await setUpRunner({ tools: [scriptedTool({ name: 'write', readOnly: false })] });
    const done = run(callsOf('write'), { beforeChange: () => new Promise(() => undefined) });
    await tick();
    cancel.abort();
    expect((await done)[0]).toMatchObject({ ok: false, code: 'cancelled' });
  });

  it('does not start a change after a cancel that came while it waited', async () => {
    let isStarted = false;
    const write = scriptedTool({ name: 'write', readOnly: false, execute: async () => String((isStarted = true)) });
    const { run, cancel } = await setUpRunner({ tools: [write] });
    const [result] = await run(callsOf('write'), { beforeChange: async () => cancel.abort() });
    expect(result).toMatchObject({ ok: false, code: 'cancelled' });
    expect(isStarted).toBe(false);
  });
});

describe('tools that do not end well', () => {
  it('ends a tool at the timeout of its class, also one that does not listen', async () => {
    const clock = new FakeClock();
    const { run } = await setUpRunner({ clock, tools: [scriptedTool({ name: 'hang', execute: never })], limits: { 'tool.timeoutMs.read': 5_000 } });
    const done = run(callsOf('hang'));
    await clock.advance(5_000);
    expect(await done).toEqual([expect.objectContaining({ ok: false, code: 'timeout', durationMs: 5_000 })]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('warns that a change which ran out of time may have happened', async () => {
    const clock = new FakeClock();
    const { run } = await setUpRunner({ clock, tools: [scriptedTool({ name: 'hang', readOnly: false, execute: never })] });
    const done = run(callsOf('hang'));
    await clock.advance(60_000);
    expect((await done)[0]?.output).toContain('may have taken effect');
  });

  it('tells the tool itself through its signal', async () => {
    const clock = new FakeClock();
    let reason: unknown;
    const execute = ({ signal }: { signal: AbortSignal }): Promise<string> => {
      signal.addEventListener('abort', () => (reason = signal.reason));
      return never();
    };
    const { run } = await setUpRunner({ clock, tools: [scriptedTool({ name: 'hang', execute })] });
    const done = run(callsOf('hang'));
    await clock.advance(60_000);
    await done;
    expect(reason).toMatchObject({ code: 'timeout' });
  });

  it('ends all calls at once on cancel, running and waiting ones', async () => {
    const { run, cancel } = await setUpRunner({ tools: [scriptedTool({ name: 'hang', execute: never })], limits: { 'tool.maxParallelReads': 1 } });
    const done = run(callsOf('hang', 'hang', 'hang'));
    await tick();
    cancel.abort(new Error('user left'));
    expect((await done).map((result) => !result.ok && result.code)).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });

  it('reports what a tool throws on purpose in its own words', async () => {
    const execute = (): Promise<string> => Promise.reject(new ToolError('not_found', 'There is no such thing.'));
    const { run } = await setUpRunner({ tools: [scriptedTool({ name: 'fail', execute })] });
    expect((await run(callsOf('fail')))[0]).toMatchObject({ ok: false, code: 'not_found', output: 'There is no such thing.' });
  });

  it('keeps what a tool throws by accident from the model, and logs it', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const execute = (): Promise<string> => {
      throw new Error('password=hunter2');
    };
    const { run } = await setUpRunner({ tools: [scriptedTool({ name: 'crash', execute }), scriptedTool({ name: 'fine' })] });
    const [crashed, fine] = await run(callsOf('crash', 'fine'));
    expect(crashed).toMatchObject({ ok: false, code: 'internal' });
    expect(crashed?.output).not.toContain('hunter2');
    expect(fine).toMatchObject({ ok: true });
    expect(logged).toHaveBeenCalledTimes(1);
    logged.mockRestore();
  });

  it('ignores what comes from a tool after it was given up on', async () => {
    const clock = new FakeClock();
    const late: (() => void)[] = [];
    const execute = ({ onProgress }: { onProgress: (text: string) => void }): Promise<string> =>
      new Promise((_, reject) => {
        late.push(() => onProgress('too late'), () => reject(new Error('too late')));
      });
    const { run, events } = await setUpRunner({ clock, tools: [scriptedTool({ name: 'hang', execute })] });
    const done = run(callsOf('hang'));
    await clock.advance(60_000);
    await done;
    late.forEach((act) => act());
    await tick();
    expect(events.map(({ type }) => type)).toEqual(['called', 'finished']);
  });
});

describe('progress', () => {
  it('passes the first on at once, then not too often, and cuts it', async () => {
    const clock = new FakeClock();
    const execute = async ({ onProgress }: { onProgress: (text: string) => void }): Promise<string> => {
      for (let step = 0; step < 100; step++) {
        onProgress(`${step} `.padEnd(2_000, 'x'));
        await clock.sleep(10);
      }
      return 'done';
    };
    const { run, events } = await setUpRunner({ clock, tools: [scriptedTool({ name: 'busy', execute })] });
    const done = run(callsOf('busy'));
    await clock.advance(2_000);
    await done;
    const texts = events.filter((event): event is ToolEvent & { type: 'progress' } => event.type === 'progress').map(({ text }) => text);
    expect(texts.map((text) => Number.parseInt(text, 10))).toEqual([0, 20, 40, 60, 80]);
    expect(texts.every(({ length }) => length === 500)).toBe(true);
  });
});

describe('long output', () => {
  const long = Array.from({ length: 2_000 }, (_, index) => `line ${index}`).join('\n');

  it('is cut to tool.maxOutputBytes and kept whole for its workspace alone', async () => {
    const { run, outputs } = await setUpRunner({ tools: [scriptedTool({ name: 'talk', execute: async () => long })], limits: { 'tool.maxOutputBytes': 2_000 } });
    const [result] = await run(callsOf('talk'));
    expect(result).toMatchObject({ ok: true, truncated: true, outputRef: expect.stringMatching(/^out_/) });
    expect(Buffer.byteLength(result?.output ?? '')).toBeLessThanOrEqual(2_000);
    expect(result?.output).toMatch(/^line 0\n[^]*bytes left out here; read_output \{"outputRef":"out_[^]*line 1999$/);
    const reference = result?.outputRef ?? '';
    expect(outputs.find('/somewhere/else', reference)).toBeUndefined();
  });

  it('pushes the oldest out of a full store, and is not kept when larger than all of it', async () => {
    const { outputs } = await setUpRunner({ tools: [], limits: { 'tool.outputStoreBytes': 1_000 } });
    const first = outputs.keep('/w', 'a'.repeat(400)) ?? '';
    const second = outputs.keep('/w', 'b'.repeat(400)) ?? '';
    expect(outputs.keep('/w', 'x'.repeat(1_001))).toBeNull();
    expect(outputs.find('/w', first)).toBeDefined();
    outputs.keep('/w', 'c'.repeat(400));
    expect(outputs.find('/w', first)).toBeUndefined();
    expect(outputs.find('/w', second)?.toString()).toBe('b'.repeat(400));
  });
});

it('gives out nothing that a store or a protocol would choke on', async () => {
  const execute = async ({ onProgress }: { onProgress: (text: string) => void }): Promise<string> => {
    onProgress('half \ud83d and nul \0');
    return '\ud83d\ude00 whole, \ude00 half, \0';
  };
  const { run, events } = await setUpRunner({ tools: [scriptedTool({ name: 'odd', execute })] });
  expect((await run(callsOf('odd')))[0]?.output).toBe('\ud83d\ude00 whole, \uFFFD half, \uFFFD');
  expect(events[1]).toMatchObject({ type: 'progress', text: 'half \uFFFD and nul \uFFFD' });
});

describe('the registry', () => {
  it('refuses two tools of one name and names that models cannot call', async () => {
    await expect(setUpRunner({ tools: [scriptedTool({ name: 'twice' }), scriptedTool({ name: 'twice' })] })).rejects.toThrow('Two tools are called twice');
    await expect(setUpRunner({ tools: [scriptedTool({ name: 'Not Snake' })] })).rejects.toThrow('snake_case');
  });
});
