-- AlterTable
ALTER TABLE "maintenance_jobs" ADD COLUMN     "interval_ms" INTEGER;

-- CreateTable
CREATE TABLE "alert_episodes" (
    "id" UUID NOT NULL,
    "alert" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "unit" TEXT NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "alert_episodes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_notifications" (
    "id" UUID NOT NULL,
    "episode_id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "delivered_at" TIMESTAMPTZ(3),
    "last_error" TEXT,

    CONSTRAINT "alert_notifications_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ledger_checks" (
    "id" TEXT NOT NULL,
    "difference_nano_usd" BIGINT NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ledger_checks_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "alert_episodes_since_id_idx" ON "alert_episodes"("since" DESC, "id");

-- CreateIndex
CREATE INDEX "alert_episodes_resolved_at_idx" ON "alert_episodes"("resolved_at");

-- CreateIndex
CREATE INDEX "alert_notifications_delivered_at_due_at_idx" ON "alert_notifications"("delivered_at", "due_at");

-- CreateIndex
CREATE UNIQUE INDEX "alert_notifications_episode_id_state_key" ON "alert_notifications"("episode_id", "state");

-- AddForeignKey
ALTER TABLE "alert_notifications" ADD CONSTRAINT "alert_notifications_episode_id_fkey" FOREIGN KEY ("episode_id") REFERENCES "alert_episodes"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- One episode of an alert is open at a time, whichever instance saw it first.
CREATE UNIQUE INDEX "alert_episodes_open_key" ON "alert_episodes"("alert") WHERE "resolved_at" IS NULL;
