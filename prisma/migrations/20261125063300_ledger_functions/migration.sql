-- Money moves in two functions, each for many model calls at once. They lock an account before they look at anything
-- of it: every statement in a function sees what was committed before it, so that what they decide on is what is true
-- while they hold the lock. Requests of one account are worked on one after the other, as if each had come alone.
-- An account that another transaction has locked is skipped and reported `busy`, unless `may_wait`: one slow account
-- does not hold up the others of its batch, and no two batches can block each other.

-- Requests: position, userId, holdId, runId, model, intent, inputTokens, inputNanoUsd, outputTokenNanoUsd, maxOutputTokens,
-- minOutputTokens, isDispatching, at, leaseExpiresAt.
-- Outcomes: `held`; `short`: not affordable, and what is available; `made`: the call was made before; `busy`.
CREATE FUNCTION "reserve_credits"("requests" jsonb, "may_wait" boolean)
RETURNS TABLE ("position" int, "outcome" text, "amount" bigint, "output_tokens" int, "available" bigint, "hold_status" text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  request record;
  account credit_accounts;
  hold credit_holds;
  is_locked boolean := false;
BEGIN
  FOR request IN
    SELECT * FROM jsonb_to_recordset("requests") AS r("position" int, "userId" text, "holdId" text, "runId" uuid, "model" text, "intent" text, "inputTokens" int,
      "inputNanoUsd" bigint, "outputTokenNanoUsd" bigint, "maxOutputTokens" bigint, "minOutputTokens" bigint, "isDispatching" boolean, "at" timestamptz, "leaseExpiresAt" timestamptz)
    ORDER BY "userId", "position"
  LOOP
    "position" := request."position"; "amount" := NULL; "output_tokens" := NULL; "hold_status" := NULL;
    IF account.user_id IS DISTINCT FROM request."userId" THEN
      IF is_locked THEN UPDATE credit_accounts SET held_nano_usd = account.held_nano_usd WHERE user_id = account.user_id AND held_nano_usd <> account.held_nano_usd; END IF;
      IF "may_wait" THEN SELECT * INTO account FROM credit_accounts WHERE user_id = request."userId" FOR UPDATE;
      ELSE SELECT * INTO account FROM credit_accounts WHERE user_id = request."userId" FOR UPDATE SKIP LOCKED;
      END IF;
      is_locked := FOUND;
      account.user_id := request."userId";
    END IF;
    IF NOT is_locked THEN
      "outcome" := CASE WHEN "may_wait" THEN 'short' ELSE 'busy' END; "available" := 0;
      RETURN NEXT;
      CONTINUE;
    END IF;

    SELECT * INTO hold FROM credit_holds WHERE id = request."holdId";
    IF FOUND AND hold.status NOT IN ('released', 'expired') THEN
      IF hold.status <> 'held' OR hold.dispatched_at IS NOT NULL OR hold.user_id <> request."userId" THEN
        "outcome" := 'made'; "hold_status" := CASE WHEN hold.status = 'held' THEN 'dispatched' ELSE hold.status END;
        RETURN NEXT;
        CONTINUE;
      ELSIF hold.model = request."model" AND hold.input_tokens >= request."inputTokens" THEN
        IF request."isDispatching" THEN UPDATE credit_holds SET dispatched_at = request."at", lease_expires_at = request."leaseExpiresAt" WHERE id = hold.id; END IF;
        "outcome" := 'held'; "amount" := hold.amount_nano_usd; "output_tokens" := LEAST(hold.max_output_tokens, request."maxOutputTokens");
        RETURN NEXT;
        CONTINUE;
      END IF;
      -- The call has outgrown the hold that was taken for it: another one, of its size, takes its place.
      UPDATE credit_holds SET status = 'released', settled_at = request."at" WHERE id = hold.id;
      account.held_nano_usd := account.held_nano_usd - hold.amount_nano_usd;
    END IF;

    "available" := account.posted_nano_usd - account.held_nano_usd;
    "output_tokens" := CASE
      WHEN "available" < request."inputNanoUsd" THEN -1
      WHEN request."outputTokenNanoUsd" = 0 THEN request."maxOutputTokens"
      ELSE LEAST(request."maxOutputTokens", ("available" - request."inputNanoUsd") / request."outputTokenNanoUsd") END;
    IF "output_tokens" < request."minOutputTokens" OR "output_tokens" < 0 THEN
      "outcome" := 'short'; "output_tokens" := NULL;
      RETURN NEXT;
      CONTINUE;
    END IF;
    "outcome" := 'held'; "amount" := request."inputNanoUsd" + request."outputTokenNanoUsd" * "output_tokens";
    INSERT INTO credit_holds (id, user_id, run_id, amount_nano_usd, max_output_tokens, input_tokens, model, intent, status, dispatched_at, lease_expires_at, created_at)
    VALUES (request."holdId", request."userId", request."runId", "amount", "output_tokens", request."inputTokens", request."model", request."intent", 'held',
      CASE WHEN request."isDispatching" THEN request."at" END, request."leaseExpiresAt", request."at")
    ON CONFLICT (id) DO UPDATE SET amount_nano_usd = EXCLUDED.amount_nano_usd, max_output_tokens = EXCLUDED.max_output_tokens, input_tokens = EXCLUDED.input_tokens, model = EXCLUDED.model,
      intent = EXCLUDED.intent, status = 'held', dispatched_at = EXCLUDED.dispatched_at, lease_expires_at = EXCLUDED.lease_expires_at, created_at = EXCLUDED.created_at, settled_at = NULL;
    account.held_nano_usd := account.held_nano_usd + "amount";
    RETURN NEXT;
  END LOOP;
  IF is_locked THEN UPDATE credit_accounts SET held_nano_usd = account.held_nano_usd WHERE user_id = account.user_id AND held_nano_usd <> account.held_nano_usd; END IF;
END
$$;

-- Requests: position, userId, holdId, usageId, entryId, runId, iteration, attempt, intent, model, priceId, inputTokens, cachedInputTokens, toolUseInputTokens,
-- outputTokens, reasoningTokens, costNanoUsd, fullNanoUsd, paysForRetries, isPartial, isSystemRetry, reason, at.
-- Outcomes: `posted`; `posted before`, with what it was then; `unknown`: no such account; `busy`.
CREATE FUNCTION "settle_usage"("requests" jsonb, "may_wait" boolean)
RETURNS TABLE ("position" int, "outcome" text, "cost" bigint, "charged" bigint, "posted" bigint, "held" bigint, "allowance" bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  request record;
  account credit_accounts;
  earlier usage_records;
  freed bigint;
  paid bigint;
  is_locked boolean := false;
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

    SELECT * INTO earlier FROM usage_records WHERE hold_id = request."holdId";
    IF FOUND AND NOT earlier.is_presumed THEN
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

    INSERT INTO usage_records (id, hold_id, user_id, run_id, iteration, attempt, intent, model, price_id, input_tokens, cached_input_tokens, tool_use_input_tokens, output_tokens, reasoning_tokens,
      cost_nano_usd, charged_nano_usd, is_partial, is_system_retry, created_at)
    VALUES (request."usageId", request."holdId", request."userId", request."runId", request."iteration", request."attempt", request."intent", request."model", request."priceId", request."inputTokens",
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
      VALUES (request."entryId", request."userId", 'usage', -"charged", account.posted_nano_usd, 'usage:' || request."holdId", request."runId", request."holdId", request."reason", 'system', request."at");
    END IF;
    "outcome" := 'posted'; "posted" := account.posted_nano_usd; "held" := account.held_nano_usd; "allowance" := account.allowance_nano_usd;
    RETURN NEXT;
  END LOOP;
  IF is_locked THEN UPDATE credit_accounts SET posted_nano_usd = account.posted_nano_usd, held_nano_usd = account.held_nano_usd WHERE user_id = account.user_id; END IF;
END
$$;
