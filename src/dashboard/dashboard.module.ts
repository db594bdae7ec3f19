import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { PagesController } from './pages.controller.js';
import { PUBLIC_DIRECTORY } from './public-directory.js';

/** The charts' library, served from here as it was published: pages load nothing from elsewhere. */
const CHART_LIBRARY = dirname(fileURLToPath(import.meta.resolve('uplot/dist/uPlot.esm.js')));

/** Pages for people. They are plain files and use the public API like any other client. */
@Module({ controllers: [PagesController] })
export class DashboardModule implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  /** Before the routes and their guard: the files hold no data. */
  onModuleInit(): void {
    this.adapterHost.httpAdapter.useStaticAssets(CHART_LIBRARY, { prefix: '/assets/vendor', index: false, redirect: false });
    this.adapterHost.httpAdapter.useStaticAssets(join(PUBLIC_DIRECTORY, 'assets'), { prefix: '/assets', index: false, redirect: false });
  }
}
