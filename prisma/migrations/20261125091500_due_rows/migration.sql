-- Sessions that are open are few among all that there were, and taken in the order of their last activity.
DROP INDEX "conversation_sessions_ended_at_last_active_at_idx";
CREATE INDEX "conversation_sessions_open_idx" ON "conversation_sessions"("last_active_at") WHERE "ended_at" IS NULL;

-- Accounts whose allowance is due are found without looking at all others. Those from before this month are looked at once more:
-- the key of the ledger entry says which of them have theirs.
ALTER TABLE "credit_accounts" ADD COLUMN "allowance_due_at" TIMESTAMPTZ(3);
UPDATE "credit_accounts" SET "allowance_due_at" = (date_trunc('month', "created_at" AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
ALTER TABLE "credit_accounts" ALTER COLUMN "allowance_due_at" SET NOT NULL;
CREATE INDEX "credit_accounts_allowance_due_at_idx" ON "credit_accounts"("allowance_due_at");
