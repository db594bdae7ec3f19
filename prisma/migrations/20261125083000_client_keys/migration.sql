-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "client_key" TEXT;

-- AlterTable
ALTER TABLE "runs" ADD COLUMN     "client_key" TEXT;

-- CreateIndex
CREATE UNIQUE INDEX "conversations_user_id_client_key_key" ON "conversations"("user_id", "client_key");

-- CreateIndex
CREATE UNIQUE INDEX "runs_conversation_id_client_key_key" ON "runs"("conversation_id", "client_key");
