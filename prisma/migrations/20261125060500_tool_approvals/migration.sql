-- What tools may do in a project: allow, ask or deny, by tool and pattern of its input.
ALTER TABLE "projects" ADD COLUMN "tool_policy" JSONB NOT NULL DEFAULT '[]';

-- Calls that wait for a person, for the job that answers no when nobody did.
CREATE INDEX "tool_calls_waiting_idx" ON "tool_calls"("expires_at") WHERE "status" = 'waiting';
