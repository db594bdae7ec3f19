import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../common/index.js';
import { AdminOnly, CurrentPrincipal, Idempotency, type Page, type PageQuery, pageQuerySchema, RequiresScope } from '../http/index.js';
import { apiKeyOrderSchema } from './access.schemas.js';
import { ApiKeyAuthenticator } from './api-key.authenticator.js';
import { ApiKeys } from './api-keys.js';
import type { ApiKeyOrder, ApiKeyView, CreatedApiKey } from './key-administration.port.js';

@ApiTags('Access')
@ApiBearerAuth()
@AdminOnly()
@RequiresScope('access')
@Controller('api/access/keys')
export class AccessController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly authenticator: ApiKeyAuthenticator,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Make an API key; it is shown this once' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same key again makes nothing and answers 409, since the API key is not kept.' })
  @ApiCreatedResponse({ description: '{id, key}' })
  create(
    @Body({ schema: apiKeyOrderSchema }) order: ApiKeyOrder,
    @CurrentPrincipal() principal: Principal,
    @Headers('idempotency-key') idempotencyKey?: string,
  ): Promise<CreatedApiKey> {
    const claim = Idempotency.claim(principal.userId, 'POST /api/access/keys', idempotencyKey, order);
    return this.keys.create(order, principal.userId, claim);
  }

  @Get()
  @ApiOperation({ summary: 'List API keys, revoked ones too, newest first' })
  list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<ApiKeyView>> {
    return this.keys.list(query.limit, query.cursor);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an API key for good' })
  @ApiNoContentResponse()
  async revoke(@Param('id') id: string): Promise<void> {
    this.authenticator.forget(await this.keys.revoke(id));
  }
}
