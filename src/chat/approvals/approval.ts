import type { Prisma } from '../../database/index.js';

/** What is kept of the question whether a call may run, on the row of the call. */
export interface Approval {
  /** ISO 8601 */
  readonly requestedAt: string;
  /** Absent while nobody has answered. */
  readonly answer?: ApprovalAnswer;
}

export interface ApprovalAnswer {
  readonly approved: boolean;
  readonly reason?: string;
  /** A user's id, or `timeout` when nobody answered in time. */
  readonly by: string;
  /** ISO 8601 */
  readonly at: string;
}

/** Nobody can be called this: ids of users come with a credential, and this one answers without. */
export const TIMEOUT_ANSWERER = 'timeout';

export function approvalOf(row: { readonly approval: Prisma.JsonValue }): Approval | undefined {
  return (row.approval as unknown as Approval | null) ?? undefined; // written by this folder alone
}

export function toApprovalJson(approval: Approval): Prisma.InputJsonObject {
  return approval as unknown as Prisma.InputJsonObject;
}
