// The latest failures, recovered from or not, each with its run.
import { element } from '../dom.js';
import { badge, runLink, timeNode } from '../limits/format.js';
import { emptyState, table } from '../limits/loading.js';

export function drawFailures(items) {
  if (items.length === 0) return [emptyState('No failure was met yet.')];
  const rows = items.map((item) => [
    [timeNode(item.createdAt)],
    [item.name, element('small', [item.detail], { className: 'description' })],
    [item.strategy],
    [badge(item.outcome)],
    [runLink(item.runId)],
  ]);
  return [table('Failures that runs met, the latest first', ['When', 'Failure', 'What was done', 'How it went', 'Run'], rows)];
}
