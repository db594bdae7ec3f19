import { Injectable } from '@nestjs/common';
import { StreamTickets } from '../../auth/index.js';

/** Where a run can be followed; carries a ticket, because EventSource cannot send headers. */
@Injectable()
export class EventsUrls {
  constructor(private readonly tickets: StreamTickets) {}

  of(userId: string, runId: string): string {
    return `/api/chat/runs/${runId}/events?ticket=${this.tickets.issue(userId, runId)}`;
  }
}
