import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Req, UseInterceptors } from '@nestjs/common';
import { ApiConsumes, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, Idempotency, type Page, type PageQuery, pageQuerySchema, RequiresScope } from '../../http/index.js';
import { ArchiveUpload, uploadedArchive } from '../import/archive-upload.js';
import { type CreateProject, createProjectSchema, type ProjectView } from './project.schemas.js';
import { ProjectsService } from './projects.service.js';

@ApiTags('projects')
@RequiresScope('projects')
@Controller('api/projects')
export class ProjectsController {
  constructor(private readonly projects: ProjectsService) {}

  @Post()
  @UseInterceptors(ArchiveUpload)
  @ApiOperation({ summary: 'Creates a project, a workspace folder for the agent: empty, from `source.path`, or as multipart/form-data from an `archive` (zip, tar, tar.gz)' })
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  async create(
    @Req() request: Request,
    @Body({ schema: createProjectSchema }) body: CreateProject,
    @CurrentPrincipal() principal: Principal,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<ProjectView> {
    const archive = await uploadedArchive(request);
    const claim = Idempotency.claim(principal.userId, 'POST /api/projects', key, archive ? { ...body, archive: archive.sha256 } : body);
    return this.projects.create(principal.userId, { ...body, archive }, claim);
  }

  @Get()
  @ApiOperation({ summary: 'Lists your projects, the newest first' })
  list(@Query({ schema: pageQuerySchema }) query: PageQuery, @CurrentPrincipal() principal: Principal): Promise<Page<ProjectView>> {
    return this.projects.list(principal.userId, query);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Deletes a project, with its folder when Lomu made it' })
  async delete(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.projects.delete(principal.userId, id);
  }
}
