import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallHandler, type ExecutionContext, Inject, Injectable, Logger, type NestInterceptor } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable, of } from 'rxjs';
import { CONFIG, type Config } from '../../config/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';

/** An archive as it was sent, in a file that goes with the request. */
export interface UploadedArchive {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface ReceivedFile {
  readonly path: string;
  readonly size: number;
}

/** Where archives are received, beside the workspaces. */
export const UPLOADS_FOLDER = '.uploads';

type UploadRequest = Request & { file?: ReceivedFile };

/** Receives the `archive` of a multipart request into a file of at most `workspace.maxArchiveBytes`; other requests pass. */
@Injectable()
export class ArchiveUpload implements NestInterceptor {
  private readonly logger = new Logger(ArchiveUpload.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<UploadRequest>();
    if (!request.is('multipart/form-data')) return next.handle();
    const dest = join(this.config.workspaces.directory, UPLOADS_FOLDER);
    await mkdir(dest, { recursive: true, mode: 0o700 });
    const limits = { fileSize: this.limits.value('workspace.maxArchiveBytes'), files: 1, fields: 2, parts: 3, fieldSize: 1_024, headerPairs: 20 };
    // Made for each request: the limit may change while the server runs.
    const receiver = new (FileInterceptor('archive', { dest, limits }))();
    await receiver.intercept(context, { handle: () => of(undefined) });
    return from(this.handle(next, request));
  }

  /** The file is gone before the answer is there. */
  private async handle(next: CallHandler, request: UploadRequest): Promise<unknown> {
    try {
      return await lastValueFrom(next.handle());
    } finally {
      await this.remove(request);
    }
  }

  private async remove({ file }: UploadRequest): Promise<void> {
    try {
      if (file) await rm(file.path, { force: true });
    } catch (error) {
      this.logger.warn({ message: 'uploaded archive not removed', error });
    }
  }
}

/** The archive that came with a request, if one did. */
export async function uploadedArchive({ file }: UploadRequest): Promise<UploadedArchive | undefined> {
  if (!file) return undefined;
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file.path)) hash.update(piece as Buffer);
  return { path: file.path, bytes: file.size, sha256: hash.digest('hex') };
}

