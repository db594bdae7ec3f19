import { createSecretKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type JWTVerifyOptions, type RemoteJWKSet } from 'jose';
import { AppError, type Clock, type Principal } from '../common/index.js';
import type { Config } from '../config/index.js';
import type { Accounts } from './accounts.js';
import { PLAN, USER_ID } from './user-id.js';

/** Public-key algorithms only: a key set's public half must never serve as a shared secret. */
const KEY_SET_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SECRET_ALGORITHMS = ['HS256'];
const CLOCK_TOLERANCE_SECONDS = 5;
const KEY_SET_RETRY_MS = 5_000;

/** Everything that is the token's own fault; anything else is the key set's. */
const TOKEN_FAULTS = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

/**
 * Accepts JWTs: HS256 with `JWT_SECRET`, public-key algorithms with `JWKS_URL`. `sub` is the user's id, `exp` is
 * required, `iss` and `aud` count when configured. `JWT_ROLE_CLAIM` may hold `admin`, alone or in a list, and
 * `JWT_PLAN_CLAIM` the account's plan; without them the role is user and the account keeps its plan.
 */
export class JwtAuthenticator {
  private readonly secret: KeyObject | undefined;
  private readonly keySet: RemoteJWKSet | undefined;

  constructor(
    private readonly config: Config['auth'],
    private readonly accounts: Accounts,
    private readonly clock: Clock,
  ) {
    this.secret = config.jwtSecret === undefined ? undefined : createSecretKey(config.jwtSecret, 'utf8');
    this.keySet = config.jwksUrl === undefined ? undefined : createRemoteJWKSet(new URL(config.jwksUrl));
  }

  /** @throws AppError `token_issuer_unavailable` when the key set is needed and cannot be had */
  async authenticate(token: string): Promise<Principal | undefined> {
    const claims = await this.verify(token);
    const userId = claims?.sub;
    if (!claims || userId === undefined || !USER_ID.test(userId)) return undefined;
    const isAdmin = [claims[this.config.jwtRoleClaim]].flat().includes('admin');
    const plan = await this.accounts.seen(userId, planOf(claims[this.config.jwtPlanClaim]));
    return { userId, role: isAdmin ? 'admin' : 'user', plan, scopes: [] };
  }

  private async verify(token: string): Promise<JWTPayload | undefined> {
    const options: JWTVerifyOptions = {
      issuer: this.config.jwtIssuer,
      audience: this.config.jwtAudience,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(this.clock.now()),
    };
    try {
      if (this.secret && algorithmOf(token) === 'HS256') return (await jwtVerify(token, this.secret, { ...options, algorithms: SECRET_ALGORITHMS })).payload;
      if (this.keySet) return (await jwtVerify(token, this.keySet, { ...options, algorithms: KEY_SET_ALGORITHMS })).payload;
      return undefined;
    } catch (error) {
      if (TOKEN_FAULTS.some((fault) => error instanceof fault)) return undefined;
      throw new AppError('token_issuer_unavailable', 'The keys that tokens are signed with cannot be fetched. Try again shortly.', { cause: error, retryAfterMs: KEY_SET_RETRY_MS });
    }
  }
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    return undefined; // not a JWT at all
  }
}

function planOf(claim: unknown): string | undefined {
  return typeof claim === 'string' && PLAN.test(claim) ? claim : undefined;
}
