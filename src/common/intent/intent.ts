/** What a message asks for; decides budgets and the system prompt. `default` is work that fits none of the others. */
export const INTENTS = ['casual', 'search', 'analysis', 'fix', 'refactor', 'default'] as const;

export type Intent = (typeof INTENTS)[number];
