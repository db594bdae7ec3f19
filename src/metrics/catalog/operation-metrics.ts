import { LOMU_VERSION } from '../../config/index.js';
import { fixed, known, observed } from './label-domain.js';
import { HTTP_METHODS, HTTP_STATUSES, NODE_VERSION } from './label-values.js';
import { counter, gauge, histogram, type MetricDefinition } from './metric-definition.js';

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const JOB_SECONDS = [0.01, 0.05, 0.25, 1, 5, 30, 120];

/** The machinery around the runs. */
export const OPERATION_METRICS = {
  http_server_request_duration_seconds: histogram({
    unit: 'seconds',
    help: 'Time from a request until the headers of its answer were sent.',
    watch: 'An answer that gets slow by route, or 5xx at all. Streams count until their headers, so their length does not show here. 499: the client left before the answer.',
    labels: { http_request_method: known(...HTTP_METHODS), http_route: observed('route'), http_response_status_code: known(...HTTP_STATUSES) },
    buckets: REQUEST_SECONDS,
  }),
  lomu_streams_active: gauge({
    unit: 'streams',
    help: 'Event streams open on this instance.',
    watch: 'Near stream.maxPerInstance: add instances.',
    labels: {},
  }),
  lomu_streams_closed_total: counter({
    unit: 'streams',
    help: 'Event streams that ended, by reason.',
    watch: 'slow_reader or error growing: clients or a proxy between cannot keep up.',
    labels: { reason: fixed('completed', 'client_gone', 'rotated', 'slow_reader', 'shutdown', 'error') },
  }),
  lomu_stream_resumes_total: counter({
    unit: 'streams',
    help: 'Event streams that were resumed, by how.',
    watch: 'snapshot growing: clients come back after stream.replayRetentionMs.',
    labels: { result: fixed('replay', 'snapshot') },
  }),
  lomu_limit_refusals_total: counter({
    unit: 'refusals',
    help: 'Requests and calls refused or cut because a limit was reached.',
    watch: 'Which limit users run into, before deciding to change it.',
    labels: { limit: observed('limit') },
  }),
  lomu_job_runs_total: counter({
    unit: 'jobs',
    help: 'Passes of scheduled jobs, by outcome; skipped means that another instance had the turn.',
    watch: 'Any failed.',
    labels: { scheduled_job: observed('job'), outcome: fixed('completed', 'failed', 'skipped') },
  }),
  lomu_job_duration_seconds: histogram({
    unit: 'seconds',
    help: 'Time of one pass of a scheduled job.',
    watch: 'Growth: more falls due per pass than the job was sized for.',
    labels: { scheduled_job: observed('job') },
    buckets: JOB_SECONDS,
  }),
  lomu_job_rows_total: counter({
    unit: 'rows',
    help: 'Rows, files or accounts that scheduled jobs changed or checked.',
    watch: 'What falls due per hour, to size maintenance.batchSize and maintenance.maxBatchesPerPass by.',
    labels: { scheduled_job: observed('job') },
  }),
  lomu_job_has_more: gauge({
    unit: 'state',
    help: 'Whether the last pass of a scheduled job on this instance left a rest: 1 or 0.',
    watch: '1 for hours: more falls due than the job may do.',
    labels: { scheduled_job: observed('job') },
  }),
  lomu_job_last_success_timestamp_seconds: gauge({
    unit: 'timestamp',
    help: 'Unix time at which a scheduled job last completed on this instance.',
    watch: 'Older than two of its intervals on every instance: the job is stuck.',
    labels: { scheduled_job: observed('job') },
  }),
  lomu_job_interval_seconds: gauge({
    unit: 'seconds',
    help: 'Time between two passes of a scheduled job by its timetable.',
    watch: 'What the age of the last success is compared with.',
    labels: { scheduled_job: observed('job') },
  }),
  lomu_limits_staleness_seconds: gauge({
    unit: 'seconds',
    help: 'Age of the limits in force on this instance: how long ago they were last known to be those of the database.',
    watch: 'Over three polls: the database cannot be asked, and changes and emergencies are not felt here.',
    labels: {},
  }),
  lomu_ledger_imbalance_dollars: gauge({
    unit: 'dollars',
    help: 'Difference between the balances of all accounts and their ledger entries, when last checked.',
    watch: 'Anything but 0: stop granting and read the ledger (I3).',
    labels: {},
  }),
  lomu_build_info: gauge({
    unit: 'info',
    help: 'Always 1; the labels say what is running.',
    watch: 'Which instances run which version during a rollout.',
    labels: { version: known(LOMU_VERSION), node: known(NODE_VERSION) },
  }),
} as const satisfies Record<string, MetricDefinition>;
