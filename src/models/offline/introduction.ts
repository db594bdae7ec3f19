/** Stands under every answer, so that nobody takes rules for intelligence. */
export const SIGNATURE = '_Answered by the offline planner: fixed rules, no AI. Set `GEMINI_API_KEY` to use a real model._';

const ABILITIES = `With the tools of this workspace I can

- find text: \`Find every TODO in this workspace and tell me which file has the most\`
- list or find files: \`List the files in src\`, \`Find all *.ts files\`
- read a file: \`Read README.md\`, \`Show lines 10-20 of src/main.ts\`
- count: \`How many files are there?\`, \`How many lines does src/main.ts have?\`, \`How many TODOs are there?\`
- explain a file's outline: \`Explain the outline of src/main.ts\`
- replace text: \`Replace "colour" with "color" in README.md\`, or \`... in all files\`

For anything else, give me a real model: set \`GEMINI_API_KEY\` in the environment and start again.`;

/** The answer to everything the planner has no rule for. */
export const INTRODUCTION = `I am the offline planner, a small set of fixed rules with no AI in it, and this request fits none of them. ${ABILITIES}`;

export const GREETING = `Hello. I am the offline planner, a small set of fixed rules with no AI in it. ${ABILITIES}`;
