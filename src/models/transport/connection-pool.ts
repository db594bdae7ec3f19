import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** Connections kept open between calls, so that a call does not pay for a new handshake. One per provider. */
export class ConnectionPool {
  private readonly http = new HttpAgent({ keepAlive: true });
  private readonly https = new HttpsAgent({ keepAlive: true });

  post(url: URL, headers: OutgoingHttpHeaders): ClientRequest {
    return url.protocol === 'https:'
      ? httpsRequest(url, { method: 'POST', headers, agent: this.https })
      : httpRequest(url, { method: 'POST', headers, agent: this.http });
  }

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }
}
