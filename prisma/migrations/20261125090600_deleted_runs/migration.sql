-- Runs that are deleted leave their amounts behind and nothing that leads back to them.

-- AlterTable
ALTER TABLE "experiment_exposures" ALTER COLUMN "run_id" DROP NOT NULL;

-- AlterTable
ALTER TABLE "usage_records" ALTER COLUMN "run_id" DROP NOT NULL;

-- CreateTable
CREATE TABLE "removals" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "project_id" UUID,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "removals_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "removals_kind_due_at_idx" ON "removals"("kind", "due_at");

-- CreateIndex
CREATE INDEX "experiment_exposures_run_id_idx" ON "experiment_exposures"("run_id");

-- CreateIndex
CREATE INDEX "idempotency_records_resource_id_idx" ON "idempotency_records"("resource_id");

ALTER TABLE "removals" ADD CONSTRAINT "removals_kind_check" CHECK ("kind" IN ('run', 'project'));

-- What stands for a model call of a deleted run, so that its usage is still posted once: nobody finds the run from it.
CREATE FUNCTION "forgotten_hold_id"("hold_id" text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT 'forgotten:' || encode(sha256(convert_to("hold_id", 'UTF8')), 'hex')
$$;

-- The ledger is append-only: corrections are new, reversing entries. The one change is that an entry forgets its run.
CREATE OR REPLACE FUNCTION "refuse_ledger_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.run_id IS NOT NULL AND NEW.run_id IS NULL AND NEW.hold_id IS NOT DISTINCT FROM forgotten_hold_id(OLD.hold_id)
      AND NEW.idempotency_key = COALESCE('usage:' || forgotten_hold_id(OLD.hold_id), OLD.idempotency_key)
      AND to_jsonb(NEW) - ARRAY['run_id', 'hold_id', 'idempotency_key'] = to_jsonb(OLD) - ARRAY['run_id', 'hold_id', 'idempotency_key'] THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'ledger_entries is append-only: post a reversing entry instead of a %', TG_OP
    USING ERRCODE = 'integrity_constraint_violation';
END
$$;

-- Requests: position, userId, holdId, usageId, entryId, runId, iteration, attempt, intent, model, priceId, inputTokens, cachedInputTokens, toolUseInputTokens,
-- outputTokens, reasoningTokens, costNanoUsd, fullNanoUsd, paysForRetries, isPartial, isSystemRetry, reason, at.
-- Outcomes: `posted`; `posted before`, with what it was then; `unknown`: no such account; `busy`.
CREATE OR REPLACE FUNCTION "settle_usage"("requests" jsonb, "may_wait" boolean)
RETURNS TABLE ("position" int, "outcome" text, "cost" bigint, "charged" bigint, "posted" bigint, "held" bigint, "allowance" bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  request record;
  account credit_accounts;
  earlier usage_records;
  freed bigint;
  paid bigint;
  is_locked boolean := false;
  is_known boolean;
  hold_key text;
  run_key uuid;
BEGIN
  FOR request IN
    SELECT * FROM jsonb_to_recordset("requests") AS r("position" int, "userId" text, "holdId" text, "usageId" uuid, "entryId" uuid, "runId" uuid, "iteration" int, "attempt" int, "intent" text,
      "model" text, "priceId" uuid, "inputTokens" int, "cachedInputTokens" int, "toolUseInputTokens" int, "outputTokens" int, "reasoningTokens" int, "costNanoUsd" bigint, "fullNanoUsd" bigint,
      "paysForRetries" boolean, "isPartial" boolean, "isSystemRetry" boolean, "reason" text, "at" timestamptz)
    ORDER BY "userId", "position"
  LOOP
    "position" := request."position"; "cost" := request."costNanoUsd"; "charged" := NULL;
    IF account.user_id IS DISTINCT FROM request."userId" THEN
      IF is_locked THEN UPDATE credit_accounts SET posted_nano_usd = account.posted_nano_usd, held_nano_usd = account.held_nano_usd WHERE user_id = account.user_id; END IF;
      IF "may_wait" THEN SELECT * INTO account FROM credit_accounts WHERE user_id = request."userId" FOR UPDATE;
      ELSE SELECT * INTO account FROM credit_accounts WHERE user_id = request."userId" FOR UPDATE SKIP LOCKED;
      END IF;
      is_locked := FOUND;
      account.user_id := request."userId";
    END IF;
    IF NOT is_locked THEN
      "outcome" := CASE WHEN "may_wait" THEN 'unknown' ELSE 'busy' END;
      RETURN NEXT;
      CONTINUE;
    END IF;

    SELECT * INTO earlier FROM usage_records WHERE hold_id IN (request."holdId", forgotten_hold_id(request."holdId"));
    is_known := FOUND;
    IF is_known AND NOT earlier.is_presumed THEN
      "outcome" := 'posted before'; "cost" := earlier.cost_nano_usd; "charged" := earlier.charged_nano_usd;
      "posted" := account.posted_nano_usd; "held" := account.held_nano_usd; "allowance" := account.allowance_nano_usd;
      RETURN NEXT;
      CONTINUE;
    END IF;

    -- What other attempts at the same call have paid is taken off, whichever of them comes first.
    paid := 0;
    IF NOT request."paysForRetries" THEN
      SELECT COALESCE(SUM(charged_nano_usd), 0) INTO paid FROM usage_records
      WHERE run_id = request."runId" AND iteration = request."iteration" AND hold_id <> request."holdId" AND (request."isSystemRetry" OR is_system_retry);
    END IF;
    "charged" := GREATEST(0, request."fullNanoUsd" - paid);

    -- What is presumed of a call whose run is deleted is replaced where it stands, and leads to the run no more than it did.
    hold_key := CASE WHEN is_known THEN earlier.hold_id ELSE request."holdId" END;
    run_key := CASE WHEN is_known THEN earlier.run_id ELSE request."runId" END;
    INSERT INTO usage_records (id, hold_id, user_id, run_id, iteration, attempt, intent, model, price_id, input_tokens, cached_input_tokens, tool_use_input_tokens, output_tokens, reasoning_tokens,
      cost_nano_usd, charged_nano_usd, is_partial, is_system_retry, created_at)
    VALUES (request."usageId", hold_key, request."userId", run_key, request."iteration", request."attempt", request."intent", request."model", request."priceId", request."inputTokens",
      request."cachedInputTokens", request."toolUseInputTokens", request."outputTokens", request."reasoningTokens", "cost", "charged", request."isPartial", request."isSystemRetry", request."at")
    ON CONFLICT (hold_id) DO UPDATE SET intent = EXCLUDED.intent, model = EXCLUDED.model, price_id = EXCLUDED.price_id, input_tokens = EXCLUDED.input_tokens, -- only presumed usage is still there
      cached_input_tokens = EXCLUDED.cached_input_tokens, tool_use_input_tokens = EXCLUDED.tool_use_input_tokens, output_tokens = EXCLUDED.output_tokens, reasoning_tokens = EXCLUDED.reasoning_tokens,
      cost_nano_usd = EXCLUDED.cost_nano_usd, charged_nano_usd = EXCLUDED.charged_nano_usd, is_partial = EXCLUDED.is_partial, is_system_retry = EXCLUDED.is_system_retry, is_presumed = false;

    UPDATE credit_holds h SET status = 'captured', settled_at = request."at" FROM credit_holds before
    WHERE h.id = request."holdId" AND before.id = h.id AND h.user_id = request."userId"
    RETURNING CASE WHEN before.status = 'held' THEN h.amount_nano_usd ELSE 0 END INTO freed;

    account.posted_nano_usd := account.posted_nano_usd - "charged";
    account.held_nano_usd := account.held_nano_usd - COALESCE(freed, 0);
    IF "charged" <> 0 THEN
      INSERT INTO ledger_entries (id, user_id, kind, amount_nano_usd, balance_nano_usd, idempotency_key, run_id, hold_id, reason, created_by, created_at)
      VALUES (request."entryId", request."userId", 'usage', -"charged", account.posted_nano_usd, 'usage:' || hold_key, run_key, hold_key, request."reason", 'system', request."at");
    END IF;
    "outcome" := 'posted'; "posted" := account.posted_nano_usd; "held" := account.held_nano_usd; "allowance" := account.allowance_nano_usd;
    RETURN NEXT;
  END LOOP;
  IF is_locked THEN UPDATE credit_accounts SET posted_nano_usd = account.posted_nano_usd, held_nano_usd = account.held_nano_usd WHERE user_id = account.user_id; END IF;
END
$$;
