import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';

/** The OpenAPI document at /docs/openapi.json and a page over it at /docs. */
export function serveApiDocument(app: NestExpressApplication): void {
  const definition = new DocumentBuilder()
    .setTitle('Lomu')
    .setDescription('Agent-chat backend. Errors are RFC 9457 problem documents with a stable `code`.')
    .setVersion('1')
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  const create = () => SwaggerModule.createDocument(app, definition, { standardSchemaConverter: toOpenApiSchema });
  SwaggerModule.setup('docs', app, create, { jsonDocumentUrl: 'docs/openapi.json', yamlDocumentUrl: 'docs/openapi.yaml' });
}

/** Describes what a client sends: where a schema goes on to a type of ours (a Date, a bigint), what comes before that is described. */
function toOpenApiSchema(schema: unknown): { schema: object } | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const { $schema: _, ...converted } = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' });
  return { schema: converted };
}
