import pg from 'pg';

/** One way that a statement went through a table. */
export interface TableScan {
  readonly table: string;
  /** e.g. `Index Scan`, `Seq Scan` */
  readonly node: string;
  readonly index?: string;
  /** Rows it looked at, kept and dropped, over all its loops. */
  readonly rowsRead: number;
}

/** What PostgreSQL did for a statement of the application, also within a function or for a foreign key. */
export interface ExecutedPlan {
  readonly sql: string;
  readonly scans: readonly TableScan[];
}

export interface PlanRecorder {
  /** Connections made with it report each of their plans. */
  readonly url: string;
  /** The plans of what was executed meanwhile. */
  during(work: () => Promise<unknown>): Promise<ExecutedPlan[]>;
  close(): void;
}

const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_format': 'json',
  'auto_explain.log_level': 'notice',
};

/**
 * Has the server itself say how it executed what: real statements with their real values, as no copy of them could show.
 * Needs a superuser and the module `auto_explain`, which comes with PostgreSQL.
 * @param settings of the server for these connections
 */
export function recordPlans(databaseUrl: string, settings: Readonly<Record<string, string>> = {}): PlanRecorder {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', Object.entries({ ...SETTINGS, ...settings }).map(([name, value]) => `-c ${name}=${value}`).join(' '));
  let heard: ExecutedPlan[] = [];
  const connect = pg.Client.prototype.connect;
  const listening = function (this: pg.Client, ...parameters: unknown[]): unknown {
    this.on('notice', ({ message }) => {
      const json = /^duration: .*plan:\s*(\{.*)$/s.exec(message ?? '')?.[1];
      if (json) heard.push(toExecutedPlan(JSON.parse(json) as ExplainedQuery));
    });
    return Reflect.apply(connect, this, parameters);
  };
  Object.assign(pg.Client.prototype, { connect: listening });
  return {
    url: url.href,
    during: async (work) => {
      heard = [];
      await work();
      return heard;
    },
    close: () => void Object.assign(pg.Client.prototype, { connect }),
  };
}

interface ExplainedQuery {
  readonly 'Query Text': string;
  readonly Plan: PlanNode;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

function toExecutedPlan({ 'Query Text': sql, Plan: root }: ExplainedQuery): ExecutedPlan {
  return { sql: sql.replaceAll(/\s+/g, ' ').trim(), scans: [...scansOf(root)] };
}

function* scansOf(node: PlanNode): Generator<TableScan> {
  const table = node['Relation Name'];
  const loops = node['Actual Loops'] ?? 1;
  if (table && node['Node Type'].endsWith('Scan')) {
    const perLoop = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
    yield { table, node: node['Node Type'], index: node['Index Name'] ?? node.Plans?.[0]?.['Index Name'], rowsRead: Math.round(perLoop * loops) };
  }
  for (const child of node.Plans ?? []) yield* scansOf(child);
}
