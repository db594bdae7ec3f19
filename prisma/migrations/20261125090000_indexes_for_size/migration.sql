-- Messages are read in the order of their ids, which is that of their creation. Without this index a page of a conversation
-- is found by going through everybody's messages.
DROP INDEX "messages_conversation_id_created_at_id_idx";
CREATE INDEX "messages_conversation_id_id_idx" ON "messages"("conversation_id", "id");

-- Runs that go on are few among all that there were: what a user or a conversation has going on is looked up at every start.
CREATE INDEX "runs_active_of_user_idx" ON "runs"("user_id", "conversation_id") WHERE "status" IN ('queued', 'running', 'waiting');
CREATE INDEX "runs_active_of_conversation_idx" ON "runs"("conversation_id", "id") WHERE "status" IN ('queued', 'running', 'waiting');
-- Looked for every 15 seconds, and hardly ever there.
CREATE INDEX "runs_abandoned_cancels_idx" ON "runs"("cancel_requested_at") WHERE "status" IN ('queued', 'waiting') AND "cancel_requested_at" IS NOT NULL;

-- The last columns order nothing: with them, sums over a user's entries and model calls are answered from the index alone.
DROP INDEX "ledger_entries_user_id_created_at_id_idx";
CREATE INDEX "ledger_entries_of_user_idx" ON "ledger_entries"("user_id", "created_at" DESC, "id", "kind", "amount_nano_usd");
DROP INDEX "usage_records_user_id_created_at_id_idx";
CREATE INDEX "usage_records_of_user_idx" ON "usage_records"("user_id", "created_at" DESC, "id", "charged_nano_usd", "input_tokens", "tool_use_input_tokens", "output_tokens", "reasoning_tokens");
