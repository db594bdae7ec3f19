-- A run that has begun keeps its conversation until it ends, also while it is back in the queue after an approval or a hand-over.
-- The index on running and waiting ones let the next run begin while one was given back. Where two had begun, the later begins again.
UPDATE "runs" AS r SET "started_at" = NULL WHERE r."status" = 'queued' AND r."started_at" IS NOT NULL AND EXISTS (
  SELECT 1 FROM "runs" o WHERE o."conversation_id" = r."conversation_id" AND o."id" <> r."id" AND o."started_at" IS NOT NULL AND o."finished_at" IS NULL
    AND (o."status" <> 'queued' OR o."id" < r."id")
);
CREATE UNIQUE INDEX "runs_one_begun_per_conversation" ON "runs"("conversation_id") WHERE "started_at" IS NOT NULL AND "finished_at" IS NULL;
DROP INDEX "runs_one_active_per_conversation";
