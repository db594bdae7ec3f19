import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, fromCredits, type Intent, type NanoUsd, toCredits } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { ratesFor, withMarkup } from '../prices/cost.js';
import { PriceTable } from '../prices/price-table.js';

export interface EstimateRequest {
  readonly userId: string;
  readonly model: string;
  readonly intent: Intent;
  /** Of the first model call. */
  readonly inputTokens: number;
  /** Most that one later prompt may take. */
  readonly maxContextTokens: number;
  readonly maxIterations: number;
  /** Most output of the whole run. */
  readonly maxOutputTokens: number;
}

/** Never one proud number: a middle, a range from what such runs really cost, and a ceiling that holds. */
export interface Estimate {
  readonly inputTokens: number;
  /** Expected output of the run. */
  readonly outputTokens: number;
  /** The middle of the range. */
  readonly credits: number;
  readonly creditsNanoUsd: string;
  readonly range: { readonly p50: number; readonly p90: number };
  /** The run cannot cost more: what its limits allow, and never more than is available. */
  readonly ceilingCredits: number;
  /** How many earlier runs of this model and intent the range rests on; 0 means that it is a guess. */
  readonly basedOnRuns: number;
}

interface HistoryRow {
  readonly runs: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly output: number | null;
}

const HISTORY_CALLS = 2_000;
const FEWEST_RUNS = 5;
/** Without history: a few hundred words of answer, and a prompt that grows by half from call to call. */
const GUESSED_OUTPUT_TOKENS_PER_CALL = 400;
const GUESSED_CALLS = 2;
const GUESSED_PROMPT_GROWTH = 1.5;

@Injectable()
export class RunEstimator {
  private readonly histories = new Map<string, { readonly row: HistoryRow | undefined; readonly untilMs: number }>();

  constructor(
    private readonly prisma: PrismaService,
    private readonly prices: PriceTable,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async estimate(request: EstimateRequest): Promise<Estimate> {
    const [history, account] = await Promise.all([this.history(request), this.prisma.creditAccount.findUnique({ where: { userId: request.userId } })]);
    const guess = await this.guess(request);
    const hasHistory = history !== undefined && history.runs >= FEWEST_RUNS;
    const middle = hasHistory ? BigInt(Math.round(history.p50 ?? 0)) : guess.middle;
    const high = hasHistory ? BigInt(Math.round(history.p90 ?? 0)) : guess.high;
    const { signupCredits, creditValueNanoUsd } = this.config.billing;
    const available = account ? account.postedNanoUsd - account.heldNanoUsd : fromCredits(signupCredits, creditValueNanoUsd); // what the first run opens it with
    const bound = await this.bound(request);
    const credits = (amount: NanoUsd): number => toCredits(amount, creditValueNanoUsd);
    return {
      inputTokens: request.inputTokens,
      outputTokens: Math.round(hasHistory ? (history.output ?? 0) : guess.outputTokens),
      credits: credits(middle),
      creditsNanoUsd: middle.toString(),
      range: { p50: credits(middle), p90: credits(high) },
      ceilingCredits: credits(available < bound ? (available > 0n ? available : 0n) : bound),
      basedOnRuns: hasHistory ? history.runs : 0,
    };
  }

  /** What recent runs of this model and intent were charged. */
  private async history({ model, intent }: EstimateRequest): Promise<HistoryRow | undefined> {
    const key = `${intent} ${model}`;
    const known = this.histories.get(key);
    if (known && this.clock.monotonicMs() < known.untilMs) return known.row;
    const row = await this.readHistory(model, intent);
    if (this.histories.size >= this.limits.value('billing.maxPrices')) this.histories.clear(); // reading again costs less than keeping order
    this.histories.set(key, { row, untilMs: this.clock.monotonicMs() + this.limits.value('billing.estimateCacheMs') });
    return row;
  }

  private async readHistory(model: string, intent: Intent): Promise<HistoryRow | undefined> {
    const rows = await this.prisma.$queryRaw<HistoryRow[]>`
      SELECT COUNT(*)::int AS runs, percentile_cont(0.5) WITHIN GROUP (ORDER BY charged) AS p50, percentile_cont(0.9) WITHIN GROUP (ORDER BY charged) AS p90,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY output) AS output
      FROM (
        SELECT SUM(charged_nano_usd)::float8 AS charged, SUM(output_tokens + reasoning_tokens)::float8 AS output
        FROM (SELECT run_id, charged_nano_usd, output_tokens, reasoning_tokens FROM usage_records
          WHERE model = ${model} AND intent = ${intent} AND NOT is_presumed ORDER BY created_at DESC LIMIT ${HISTORY_CALLS}) recent
        GROUP BY run_id) per_run`;
    return rows[0];
  }

  private async guess(request: EstimateRequest): Promise<{ middle: NanoUsd; high: NanoUsd; outputTokens: number }> {
    const calls = Math.min(GUESSED_CALLS, request.maxIterations);
    const outputTokens = calls * GUESSED_OUTPUT_TOKENS_PER_CALL;
    const inputTokens = Math.round(request.inputTokens * (calls === 1 ? 1 : 1 + GUESSED_PROMPT_GROWTH));
    const middle = await this.charge(request.model, inputTokens, outputTokens);
    const manyCalls = Math.max(calls, Math.ceil(request.maxIterations / 2));
    const high = await this.charge(request.model, Math.round(request.inputTokens * manyCalls * GUESSED_PROMPT_GROWTH), manyCalls * GUESSED_OUTPUT_TOKENS_PER_CALL);
    return { middle, high: high > middle ? high : middle, outputTokens };
  }

  /** Every call with the fullest prompt, all output that a run may have, and the markup rounded up each time. */
  private async bound(request: EstimateRequest): Promise<NanoUsd> {
    const charge = await this.charge(request.model, request.maxContextTokens * request.maxIterations, request.maxOutputTokens, request.maxContextTokens);
    return charge + BigInt(request.maxIterations);
  }

  private async charge(model: string, inputTokens: number, outputTokens: number, promptTokens = inputTokens): Promise<NanoUsd> {
    const { input, output } = ratesFor(await this.prices.ratesOf(model), promptTokens);
    return withMarkup(BigInt(inputTokens) * input + BigInt(outputTokens) * output, this.config.billing.markupPercent);
  }
}
