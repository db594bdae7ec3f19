import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { nearestName } from '../../common/index.js';
import { ToolError } from '../tool-error.js';
import type { Tool } from '../tool.port.js';

/** Every tool of the application, as an array. */
export const TOOLS = Symbol('Tools');

/** A tool as a model is told about it; `inputSchema` is JSON Schema. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

const MAX_NAME_LENGTH = 64;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** The tools there are, by name. */
@Injectable()
export class ToolRegistry {
  private readonly tools = new Map<string, Tool>();
  private readonly groups = new Map<string, readonly Tool[]>();
  private declared: ToolDeclaration[];

  constructor(@Inject(TOOLS) private readonly own: readonly Tool[]) {
    for (const tool of own) {
      if (!NAME.test(tool.name)) throw new Error(`${tool.name} is not a tool name: use snake_case.`);
      if (this.tools.has(tool.name)) throw new Error(`Two tools are called ${tool.name}.`);
      this.tools.set(tool.name, tool);
    }
    this.declared = own.map(declare);
  }

  /** Tools that come and go together, of another process. A name that is taken stays with whoever had it first. */
  replaceGroup(group: string, tools: readonly Tool[]): void {
    this.groups.set(group, tools);
    this.tools.clear();
    for (const tool of [...this.own, ...[...this.groups.values()].flat()]) {
      if (NAME.test(tool.name) && !this.tools.has(tool.name)) this.tools.set(tool.name, tool);
    }
    this.declared = [...this.tools.values()].map(declare);
  }

  declarations(): ToolDeclaration[] {
    return this.declared;
  }

  find(name: string): Tool | undefined {
    return this.tools.get(name);
  }

  /** @throws ToolError `unknown_tool` naming the tool that was probably meant */
  require(name: string): Tool {
    const tool = this.tools.get(name);
    if (tool) return tool;
    const nearest = name.length <= MAX_NAME_LENGTH ? nearestName(name, this.tools.keys()) : undefined;
    const hint = nearest ? `Did you mean ${nearest}?` : `There are: ${[...this.tools.keys()].join(', ')}.`;
    throw new ToolError('unknown_tool', `There is no tool called ${name.slice(0, MAX_NAME_LENGTH)}. ${hint}`);
  }

  /** False for a name that no tool has. */
  answersFromWorkspace(name: string): boolean {
    return this.tools.get(name)?.answersFromWorkspace ?? false;
  }

  /** The phase that a run enters with a call of it. */
  phaseOf(name: string): 'planning' | 'working' | 'verifying' {
    return this.tools.get(name)?.phase ?? 'working';
  }

  /** False for a name that no tool has: what is not known to be harmless counts as a change. */
  isReadOnly(name: string): boolean {
    return this.tools.get(name)?.readOnly ?? false;
  }
}

function declare({ name, description, input, inputSchema: given }: Tool): ToolDeclaration {
  if (given) return { name, description, inputSchema: given };
  const { $schema: _dialect, ...inputSchema } = z.toJSONSchema(input, { io: 'input' });
  return { name, description, inputSchema };
}
