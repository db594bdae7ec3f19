import { type GenerativeModel, GoogleGenerativeAI } from '@google/generative-ai';
import type { Clock } from '../../common/index.js';
import { ConnectionPool } from '../transport/connection-pool.js';

const API_VERSION = 'v1beta';

/** One account at one Gemini endpoint, reached through the SDK or directly. */
export class GeminiConnection {
  readonly pool = new ConnectionPool();
  private readonly sdk: GoogleGenerativeAI;
  private readonly baseUrl: string;

  constructor(
    private readonly apiKey: string,
    baseUrl: string,
    readonly clock: Clock,
  ) {
    this.sdk = new GoogleGenerativeAI(apiKey);
    this.baseUrl = baseUrl.replace(/\/+$/, '');
  }

  sdkModel(name: string): GenerativeModel {
    return this.sdk.getGenerativeModel({ model: name }, { baseUrl: this.baseUrl, apiVersion: API_VERSION });
  }

  streamUrl(name: string): URL {
    return new URL(`${this.baseUrl}/${API_VERSION}/models/${name}:streamGenerateContent?alt=sse`);
  }

  get headers(): Readonly<Record<string, string>> {
    return { 'x-goog-api-key': this.apiKey };
  }

  close(): void {
    this.pool.close();
  }
}
