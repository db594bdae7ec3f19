/** In UTC, as all months of billing are. */
export function startOfMonth(nowMs: number): Date {
  return monthOf(nowMs, 0);
}

export function startOfNextMonth(nowMs: number): Date {
  return monthOf(nowMs, 1);
}

function monthOf(nowMs: number, later: number): Date {
  const now = new Date(nowMs);
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + later, 1));
}
