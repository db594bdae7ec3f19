import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';

export function schemaDiff(adapterFactory: SqlDriverAdapterFactory, schemaPath: string): Promise<string>;
