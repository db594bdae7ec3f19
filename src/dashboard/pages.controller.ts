import { Controller, Get, Header, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request } from 'express';
import { AppError } from '../common/index.js';
import { Public } from '../http/index.js';
import { pageDocument } from './page-document.js';
import { PAGES } from './pages.js';

/** The pages for people. Public because they hold no data: what they show they ask of the API. */
@ApiExcludeController()
@Public()
@Controller()
export class PagesController {
  @Get(PAGES.map(({ path }) => path))
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  page(@Req() request: Request): Promise<string> {
    const path = request.path.toLowerCase().replace(/(?<=.)\/$/, ''); // Express takes both spellings for the same route
    const page = PAGES.find((candidate) => candidate.path === path);
    if (!page) throw new AppError('route_not_found', `There is no page ${path}.`);
    return pageDocument(page);
  }
}
