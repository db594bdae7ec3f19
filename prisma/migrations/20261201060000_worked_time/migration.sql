-- How long a run was worked on by those who held it before, so that `run.timeoutMs` bounds all of them together.
ALTER TABLE "runs" ADD COLUMN "worked_ms" INTEGER NOT NULL DEFAULT 0;
