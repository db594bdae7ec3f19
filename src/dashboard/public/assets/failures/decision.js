// What was decided about a failure, for people.
import { formatNumber } from '../limits/format.js';

/** A decision in words. */
export function describeDecision(action) {
  if (action.action === 'stop') return `Ended: ${action.reason}`;
  const parts = [
    action.action === 'retry' ? 'Tried again' : 'Went on',
    action.delayMs >= 50 && `after ${formatNumber(action.delayMs / 1000, 1)} s`,
    action.useFallbackModel && 'with the fallback model',
    action.stream === false && 'in one piece',
    action.compactHistory && 'with less history',
    action.repairHistory && 'without signed parts',
    action.consultArchitect && 'with the advice of the architect',
    action.restriction && 'with fewer tools',
    action.nudge && 'and told the model',
  ];
  return parts.filter(Boolean).join(' ');
}
