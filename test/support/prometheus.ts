import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Whether Debian's package `prometheus` is installed: the server and promtool. */
export const hasPrometheus = ['prometheus', 'promtool'].every((command) => spawnSync(command, ['--version']).status === 0);

export interface PrometheusServer {
  /** The samples of an instant query: labels and value. */
  query(expression: string): Promise<{ metric: Record<string, string>; value: number }[]>;
  close(): Promise<void>;
}

/** A real Prometheus with our rules, scraping one address every second. */
export async function startPrometheus(target: string): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lomu-prometheus-'));
  await cp(fileURLToPath(new URL('../../ops/prometheus/rules', import.meta.url)), join(folder, 'rules'), { recursive: true });
  await writeFile(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }\nrule_files: ["rules/*.yml"]\nscrape_configs: [{ job_name: lomu, static_configs: [{ targets: ["${target}"] }] }]\n`,
  );
  const port = await freePort();
  const server = spawn('prometheus', [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await until(() => fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false));
  return {
    query: async (expression) => {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const { data } = (await answer.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    close: () => stop(server, folder),
  };
}

/** Asks until the answer is yes; fails after a minute. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('It did not happen within a minute.');
}

async function stop(server: ChildProcess, folder: string): Promise<void> {
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
  await rm(folder, { recursive: true, force: true });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
