import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/**
 * Admin credential of this process alone, new at each boot and never stored but in the lock file that only
 * this user can read. With it the shell administers a server that holds the embedded database.
 */
@Injectable()
export class ControlToken {
  readonly value = `control_${randomBytes(32).toString('base64url')}`;
  private readonly digest = digestOf(this.value);

  matches(token: string): boolean {
    return timingSafeEqual(digestOf(token), this.digest);
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
