import type { IncomingMessage } from 'node:http';
import { isFromThisMachine, isLocalRequest } from '../../../src/http/index.js';

function request(remoteAddress: string | undefined, headers: IncomingMessage['headers'] = {}, localAddress = '127.0.0.1'): Pick<IncomingMessage, 'headers' | 'socket'> {
  return { headers: { host: 'localhost', ...headers }, socket: { remoteAddress, localAddress } as IncomingMessage['socket'] };
}

describe('isLocalRequest', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('takes %s for this machine', (address) => {
    expect(isLocalRequest(request(address))).toBe(true);
  });

  it.each(['192.168.1.5', '203.0.113.9', '::ffff:203.0.113.9', 'fe80::1', '', undefined])('does not take %s for this machine', (address) => {
    expect(isLocalRequest(request(address))).toBe(false);
  });

  it.each(['', 'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '192.168.1.5', '0.0.0.0', 'user@localhost', '[::2]', '[::1', 'localhost:3000:1'])('refuses the host %j', (host) => {
    expect(isLocalRequest(request('127.0.0.1', { host }))).toBe(false);
  });

  it.each(['localhost', 'LOCALHOST:3000', '127.0.0.1:3000', '[::1]:3000'])('takes the host %s', (host) => {
    expect(isLocalRequest(request('127.0.0.1', { host }))).toBe(true);
  });

  it.each<IncomingMessage['headers']>([
    { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' },
    { 'x-forwarded-for': 'unknown' },
    { 'x-real-ip': '203.0.113.9' },
    { 'cf-connecting-ip': '203.0.113.9' },
    { forwarded: 'for=127.0.0.1, for="[2001:db8::1]:4711"' },
    { forwarded: 'by=x;FOR=203.0.113.9' },
  ])('refuses what a proxy passes on for others: %j', (headers) => {
    expect(isLocalRequest(request('127.0.0.1', headers))).toBe(false);
  });

  it.each<IncomingMessage['headers']>([{ 'x-forwarded-for': '::1, 127.0.0.1:5000' }, { forwarded: 'for="[::1]:4711";proto=http' }])('takes what a proxy passes on for this machine: %j', (headers) => {
    expect(isLocalRequest(request('127.0.0.1', headers))).toBe(true);
  });

  it.each<IncomingMessage['headers']>([{ origin: 'https://evil.example' }, { origin: 'http://localhost.evil.example' }, { origin: 'null' }, { origin: 'chrome-extension://abc' }, { 'sec-fetch-site': 'cross-site' }])(
    'refuses the foreign page %j',
    (headers) => {
      expect(isLocalRequest(request('127.0.0.1', headers))).toBe(false);
    },
  );

  it.each<IncomingMessage['headers']>([{ origin: 'http://localhost:5173', 'sec-fetch-site': 'cross-site' }, { origin: 'http://[::1]:3000' }, { 'sec-fetch-site': 'none' }, { 'sec-fetch-site': 'same-origin' }])(
    "takes this machine's page %j",
    (headers) => {
      expect(isLocalRequest(request('127.0.0.1', headers))).toBe(true);
    },
  );
});

describe('isFromThisMachine', () => {
  it('also takes a program that calls the address the server listens on', () => {
    expect(isFromThisMachine(request('192.168.1.5', {}, '192.168.1.5'))).toBe(true);
    expect(isFromThisMachine(request('192.168.1.6', {}, '192.168.1.5'))).toBe(false);
    expect(isFromThisMachine(request('127.0.0.1', { 'x-forwarded-for': '192.168.1.6' }))).toBe(false);
  });
});
