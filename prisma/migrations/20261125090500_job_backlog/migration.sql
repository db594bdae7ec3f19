-- AlterTable
ALTER TABLE "maintenance_jobs" ADD COLUMN     "last_has_more" BOOLEAN;
