import { INTENTS, type Intent } from '../../../../src/common/index.js';
import { classifyIntent } from '../../../../src/chat/intent/classify-intent.js';
import { type CaseOrigin, INTENT_CASES, type IntentCase } from '../intent-cases.js';

export interface JudgedCase extends IntentCase {
  readonly answered: Intent;
}

const ORIGINS: readonly CaseOrigin[] = ['tuned', 'held out', 'afterwards'];

export function judge(cases: readonly IntentCase[] = INTENT_CASES): JudgedCase[] {
  return cases.map((one) => ({ ...one, answered: classifyIntent(one.message).intent }));
}

export function wrongOnes(judged: readonly JudgedCase[]): JudgedCase[] {
  return judged.filter((one) => one.answered !== one.intent);
}

/** Share of right answers, 0 to 1. */
export function accuracy(judged: readonly JudgedCase[]): number {
  return 1 - wrongOnes(judged).length / judged.length;
}

/** docs/INTENTS.md as the table and the classifier make it today. */
export function renderReport(judged: readonly JudgedCase[]): string {
  const origins = ORIGINS.map((origin) => {
    const part = judged.filter((one) => one.origin === origin);
    return `| ${origin} | ${part.length} | ${wrongOnes(part).length} | ${percent(accuracy(part))} |`;
  });
  const wrong = wrongOnes(judged).map((one) => `| ${one.origin} | ${one.intent} | ${one.answered} | ${inline(one.message)} |`);
  return `# Intents

What a message asks for decides how many model calls and how much time its run gets. \`classifyIntent\` (\`src/chat/intent/\`)
tells by rules alone: the same message always gets the same answer, with the cues that spoke for it.
This page is made by \`UPDATE_DOCS=1 npm test -- test/unit/chat/intent\` and a test fails when it is out of date.

- A message is split into clauses; greetings, politeness and fillers are stepped over; the order or question at the head of a clause decides, words inside it only when the head is vague ("make", "use").
- An order to change something outweighs a question, which outweighs a hint. Of several orders the first counts in full. A forbidden change ("don't edit") is a wish to only hear about it.
- Only mere talk is \`casual\`, because a casual run has no tools. What cannot be told is \`default\`, which has all of them.
- Code blocks and quotations are not what the person says; a pasted stack trace is a complaint. Slips of one letter in an order are forgiven.
- Messages beyond 3 000 characters are judged by their first 2 000 and last 1 000.
- German, French and Spanish are known by their commonest orders, questions and greetings; everything else in another language is \`default\`.

## How right it is

${judged.length} labelled messages (\`test/unit/chat/intent-cases*.ts\`), ${percent(accuracy(judged))} right. The cues were fitted to the *tuned* ones. Those *held out*
were labelled along with them but not tuned on. Those written *afterwards* came when the cues were done and had
no say in them (two faults of the mechanism that they showed, worth two messages, were mended): expect about that figure of a message nobody has seen.
Most mistakes end in \`default\`, which can do everything; no work is mistaken for talk.

| messages | number | wrong | right |
|---|---:|---:|---:|
${origins.join('\n')}

${confusionMatrix(judged)}

## The wrong ones

| messages | labelled | answered | message |
|---|---|---|---|
${wrong.join('\n')}
`;
}

/** A row per label, a column per answer. */
function confusionMatrix(judged: readonly JudgedCase[]): string {
  const count = (intent: Intent, answered: Intent): number => judged.filter((one) => one.intent === intent && one.answered === answered).length;
  return [
    `| labelled \\ answered | ${INTENTS.join(' | ')} |`,
    `|---|${INTENTS.map(() => '---:').join('|')}|`,
    ...INTENTS.map((intent) => `| **${intent}** | ${INTENTS.map((answered) => count(intent, answered) || '·').join(' | ')} |`),
  ].join('\n');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function inline(message: string): string {
  return message.replaceAll('\n', ' ⏎ ').replaceAll('|', '\\|');
}
