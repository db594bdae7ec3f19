import { z } from 'zod';

const partSchema = z.union([z.object({ type: z.literal('text'), text: z.string() }).transform(({ text }) => text), z.object({ type: z.literal('refusal'), refusal: z.string() }).transform(({ refusal }) => refusal)]);

const contentSchema = z.union([z.string(), z.array(partSchema).transform((parts) => parts.join(''))], 'only text is understood; put images and other files into the project');

const toolCallSchema = z.union([
  z.object({ function: z.object({ name: z.string(), arguments: z.string() }) }).transform((call) => `${call.function.name}(${call.function.arguments})`),
  z.object({ custom: z.object({ name: z.string(), input: z.string() }) }).transform((call) => `${call.custom.name}(${call.custom.input})`),
]);

/** One message of a request, as text: of tool calls, which another server's tools made, it says that they were made. */
export const messageSchema = z
  .object({
    role: z.enum(['developer', 'system', 'user', 'assistant', 'tool']),
    content: contentSchema.nullish(),
    tool_calls: z.array(toolCallSchema).nullish(),
  })
  .transform(({ role, content, tool_calls: calls }) => ({ role, text: [content ?? '', ...(calls ?? []).map((call) => `[called ${call}]`)].filter((line) => line !== '').join('\n') }));

type ChatMessage = z.output<typeof messageSchema>;

/**
 * A client of this API keeps the conversation itself and sends all of it each time: earlier messages become part of the one
 * that starts the run. `asked` is the last one alone.
 */
export function foldMessages(messages: readonly ChatMessage[]): { readonly asked: string; readonly message: string } {
  const asked = messages.at(-1)?.text ?? '';
  const earlier = messages.slice(0, -1).flatMap(({ role, text }) => (text === '' ? [] : [`${role}: ${text}`]));
  if (earlier.length === 0) return { asked, message: asked };
  return { asked, message: `The conversation so far:\n\n${earlier.join('\n\n')}\n\nThe message to answer:\n\n${asked}` };
}
