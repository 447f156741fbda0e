/**
 * The resource owner password credentials grant (RFC 6749 §4.3), only for clients registered with it. RFC 9700 §2.4
 * advises against it; batch requesters and migrating apps still need it. A user who owes a second factor is not let past
 * it: the client gets a one-time challenge (`mfa.ts` takes the answer).
 */
import { errors, type default as Provider } from 'oidc-provider';
import { PasswordQueueFull, randomSecret } from '#src/crypto/index.ts';
import { fromOf } from '#src/http/index.ts';
import { PASSWORD_GRANT } from '#src/oauth/grant-types.ts';
import { isRefused, type SignIn, type SignIns } from '#src/sessions/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { TemporarilyUnavailable } from '../errors.ts';
import { type GrantContext, proofOfPossession, requestedAccess } from '../internals.ts';
import { challenge } from './mfa-required.ts';
import { issueForPerson } from './person.ts';

export const PASSWORD_PARAMETERS = ['username', 'password', 'scope', 'resource'];

export function passwordGrant(provider: Provider, deps: { signIns: SignIns; tokens: Tokens }) {
  return async (ctx: GrantContext): Promise<void> => {
    const { username, password } = credentials(ctx);

    // What the request may have is settled before the password is looked at: a refusal must not cost a hash.
    const proof = await proofOfPossession(provider, ctx);
    const access = await requestedAccess(provider, ctx);
    if (access.resourceServers.length > 1)
      throw new errors.InvalidTarget('only a single resource can be named for this grant');

    const mfaToken = randomSecret();
    const signIn = await authenticate(deps.signIns, ctx, mfaToken, username, password);
    if (signIn.state === 'partial') throw partial(ctx, signIn, mfaToken);
    await issueForPerson(provider, deps.tokens, ctx, { signIn, access, proof, grantType: PASSWORD_GRANT });
  };
}

function credentials({ oidc: { params } }: GrantContext): { username: string; password: string } {
  const { username, password } = params as Record<string, unknown>;
  const missing = Object.entries({ username, password }).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length > 0) throw new errors.InvalidRequest(`missing required parameter(s) ${missing.join(', ')}`);
  return { username: String(username), password: String(password) };
}

async function authenticate(
  signIns: SignIns,
  ctx: GrantContext,
  mfaToken: string,
  username: string,
  password: string,
): Promise<SignIn> {
  const key = { of: 'mfa_token', value: mfaToken } as const;
  const { scope, resource } = (ctx.oidc.params ?? {}) as Record<string, unknown>;
  const demands = { clientId: ctx.oidc.client.clientId, request: { scope, resource }, atOnce: true };
  const visit = fromOf(ctx);
  try {
    const answer = await signIns.withPassword(key, username, password, demands, visit);
    if (!isRefused(answer)) return answer;
  } catch (error) {
    throw error instanceof PasswordQueueFull ? new TemporarilyUnavailable(error) : error;
  }
  // One answer for every reason: it must not tell who exists (RFC 6749 §5.2 has no finer code either).
  throw new errors.CustomOIDCProviderError('invalid_grant', 'the user name or password is wrong');
}

/** At this endpoint codes can be typed; setting up a factor, a passkey or a new password takes a browser. */
const ANSWERABLE = new Set(['totp', 'recovery_code']);

/** Only the owner of the right password learns any of this. */
export function partial(ctx: GrantContext, { queries }: SignIn, mfaToken: string): Error {
  const answerable = queries.filter((type) => ANSWERABLE.has(type));
  if (answerable.length > 0) {
    return challenge(ctx, { mfa_token: mfaToken, queries: answerable.map((type) => ({ type })) });
  }
  return new errors.CustomOIDCProviderError(
    'interaction_required',
    'this user has something to set up or to change first, by signing in with a browser',
  );
}
