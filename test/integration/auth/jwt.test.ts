import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { FakeClock } from '../../support/fake-clock.js';
import { type AccessApp, startAccessApp } from '../../support/auth/access-app.js';
import { type Answer, bearer, call } from '../../support/auth/call.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const SECRET = 'a secret of at least thirty-two characters';
const ISSUER = 'https://issuer.example';

describe('AUTH_MODE=jwt', () => {
  const clock = new FakeClock();
  const inAnHour = (): number => clock.now() / 1000 + 3_600;
  let database: TestDatabase;
  let keySet: Server;
  let keySetAnswer: { status: number; body: string };
  let issuerKey: CryptoKey;
  let issuerPublicKey: CryptoKey;
  let server: AccessApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    ({ privateKey: issuerKey, publicKey: issuerPublicKey } = await generateKeyPair('RS256', { extractable: true }));
    keySetAnswer = { status: 200, body: JSON.stringify({ keys: [{ ...(await exportJWK(issuerPublicKey)), kid: 'first', use: 'sig', alg: 'RS256' }] }) };
    keySet = createServer((_request, response) => response.writeHead(keySetAnswer.status, { 'content-type': 'application/json' }).end(keySetAnswer.body));
    await new Promise<void>((resolve) => keySet.listen(0, '127.0.0.1', resolve));
    server = await startAccessApp(database, clock, new FixedLimits(), {
      AUTH_MODE: 'jwt',
      JWT_SECRET: SECRET,
      JWKS_URL: keySetUrl(),
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: 'lomu',
      JWT_PLAN_CLAIM: 'https://lomu.example/plan',
    });
  });

  afterAll(async () => {
    await server.close();
    await new Promise((resolve) => keySet.close(resolve));
    await database.close();
  });

  function keySetUrl(): string {
    return `http://127.0.0.1:${(keySet.address() as AddressInfo).port}/keys.json`;
  }

  function sign(claims: JWTPayload, key: CryptoKey | Uint8Array = secretKey(SECRET), header: { alg: string; kid?: string } = { alg: 'HS256' }): Promise<string> {
    const whole = Object.fromEntries(Object.entries({ sub: 'alice', iss: ISSUER, aud: 'lomu', exp: inAnHour(), ...claims }).filter(([, value]) => value !== undefined));
    return new SignJWT(whole).setProtectedHeader(header).sign(key);
  }

  function plain(token: string, at: AccessApp = server): Promise<Answer> {
    return call(`${at.url}/probe/plain`, { headers: bearer(token) });
  }

  it('takes the user from sub, and role and plan from their claims', async () => {
    expect((await plain(await sign({}))).body).toEqual({ userId: 'alice', role: 'user', plan: 'free', scopes: [] });
    expect((await plain(await sign({ role: ['editor', 'admin'], 'https://lomu.example/plan': 'pro' }))).body).toEqual({ userId: 'alice', role: 'admin', plan: 'pro', scopes: [] });
    expect((await plain(await sign({ role: 'authenticated', plan: 'gold' }))).body).toEqual({ userId: 'alice', role: 'user', plan: 'pro', scopes: [] });
    expect(await database.prisma.account.findMany({ where: { id: 'alice' }, select: { plan: true } })).toEqual([{ plan: 'pro' }]);
  });

  it('takes tokens of the key set beside those of the secret', async () => {
    expect((await plain(await sign({}, issuerKey, { alg: 'RS256', kid: 'first' }))).status).toBe(200);
  });

  it('makes one account for a user who comes many times at once', async () => {
    const token = await sign({ sub: 'crowd' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => plain(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  });

  it('accepts a clock that is a little off, and no more', async () => {
    expect((await plain(await sign({ exp: clock.now() / 1000 - 3 }))).status).toBe(200);
    expect((await plain(await sign({ exp: clock.now() / 1000 - 10 }))).status).toBe(401);
  });

  it('refuses every other token in the same way', async () => {
    const stranger = await generateKeyPair('RS256');
    const publicPem = await exportSPKI(issuerPublicKey);
    const bad: Record<string, string> = {
      'alg none': new UnsecuredJWT({ sub: 'alice', iss: ISSUER, aud: 'lomu', exp: inAnHour() }).encode(),
      'wrong secret': await sign({}, secretKey('another secret of thirty-two characters!')),
      'wrong key': await sign({}, stranger.privateKey, { alg: 'RS256', kid: 'first' }),
      'unknown key id': await sign({}, stranger.privateKey, { alg: 'RS256', kid: 'second' }),
      'HS256 with the public key for a secret': await sign({}, secretKey(publicPem)),
      'an RS256 header over an HMAC': confuse(await sign({}), 'RS256'),
      'HS512, which is not agreed on': await sign({}, secretKey(SECRET), { alg: 'HS512' }),
      'not yet valid': await sign({ nbf: clock.now() / 1000 + 60 }),
      'no expiry': await sign({ exp: undefined }),
      'no subject': await sign({ sub: undefined }),
      'a subject that is no user id': await sign({ sub: 'a b' }),
      'another issuer': await sign({ iss: 'https://evil.example' }),
      'another audience': await sign({ aud: 'other' }),
      'cut short': (await sign({})).slice(0, -2),
      'not a token': 'a.b.c',
    };
    const first = await call(`${server.url}/probe/plain`);
    for (const [what, token] of Object.entries(bad)) {
      const answer = await plain(token);
      expect({ what, status: answer.status, detail: answer.body.detail }).toEqual({ what, status: 401, detail: first.body.detail });
    }
  });

  it('says that the issuer is away instead of blaming the token, and takes API keys and its own secret on', async () => {
    keySetAnswer.status = 500;
    const fresh = await startAccessApp(database, clock, new FixedLimits(), { AUTH_MODE: 'jwt', JWT_SECRET: SECRET, JWKS_URL: keySetUrl() });
    const answer = await plain(await sign({}, issuerKey, { alg: 'RS256', kid: 'first' }), fresh);
    expect(answer.body).toMatchObject({ status: 503, code: 'token_issuer_unavailable' });
    expect(answer.headers['retry-after']).toBe('5');
    expect((await plain(await sign({}), fresh)).status).toBe(200);
    const admin = await call(`${fresh.url}/api/access/keys`, { method: 'POST', headers: bearer(await sign({ role: 'admin' })), body: { userId: 'bob', role: 'user' } });
    expect((await plain(admin.body.key, fresh)).body).toMatchObject({ userId: 'bob' });
    await fresh.close();
  });
});

function secretKey(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Says another algorithm in the header and signs anew with the secret, as a confused verifier would check it. */
function confuse(token: string, alg: string): string {
  const content = `${Buffer.from(JSON.stringify({ alg, kid: 'first' })).toString('base64url')}.${token.split('.')[1]}`;
  return `${content}.${createHmac('sha256', SECRET).update(content).digest('base64url')}`;
}
