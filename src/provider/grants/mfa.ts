/**
 * The second step of the password grant: `mfa_token`, once and by the client that received it, with a code of the user's
 * authenticator app (`otp`) or a recovery code. What the first step asked for is what is issued; nothing can be added.
 */
import { errors, type default as Provider } from 'oidc-provider';
import { fromOf } from '#src/http/index.ts';
import { MFA_GRANT } from '#src/oauth/grant-types.ts';
import { isRefused, type Key, type Refused, type SignIn, type SignIns } from '#src/sessions/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { type GrantContext, proofOfPossession, requestedAccess } from '../internals.ts';
import { partial } from './password.ts';
import { issueForPerson } from './person.ts';

export const MFA_PARAMETERS = ['mfa_token', 'otp', 'recovery_code'];

export function mfaGrant(provider: Provider, { signIns, tokens }: { signIns: SignIns; tokens: Tokens }) {
  return async (ctx: GrantContext): Promise<void> => {
    const { mfaToken, otp, recoveryCode } = parameters(ctx);
    const key: Key = { of: 'mfa_token', value: mfaToken };
    const proof = await proofOfPossession(provider, ctx);

    const begun = await signIns.find(key);
    // Somebody else's challenge is no challenge, and stays good for its owner.
    if (!begun || begun.clientId !== ctx.oidc.client.clientId) throw invalidToken();
    Object.assign(ctx.oidc.params ?? {}, begun.request);
    const access = await requestedAccess(provider, ctx);

    const visit = fromOf(ctx);
    const answer =
      otp === undefined
        ? await signIns.answerRecoveryCode(key, recoveryCode ?? '', visit)
        : await signIns.answerTotp(key, otp, visit);
    if (isRefused(answer)) throw refusal(ctx, answer);
    if (answer.state === 'partial') throw partial(ctx, answer, mfaToken);
    const signIn: SignIn | undefined = await signIns.finish(key, visit);
    if (!signIn) throw invalidToken();
    await issueForPerson(provider, tokens, ctx, { signIn, access, proof, grantType: MFA_GRANT });
  };
}

function parameters({ oidc: { params } }: GrantContext) {
  const { mfa_token, otp, recovery_code } = params as Record<string, string | undefined>;
  if (!mfa_token) throw new errors.InvalidRequest('missing required parameter(s) mfa_token');
  if (!otp === !recovery_code) throw new errors.InvalidRequest('exactly one of otp and recovery_code is needed');
  return { mfaToken: mfa_token, otp: otp || undefined, recoveryCode: recovery_code };
}

const invalidToken = () =>
  new errors.CustomOIDCProviderError('invalid_grant', 'the mfa_token is unknown, used or expired');

function refusal(ctx: GrantContext, answer: Refused): Error {
  switch (answer.refused) {
    case 'malformed':
      return new errors.InvalidRequest('a code has 6 digits; a recovery code has 10 letters and digits');
    case 'wait':
      return new TooManyGuesses(ctx, answer.retryAfter);
    case 'gone':
    case 'not_asked':
      return invalidToken();
    default:
      return new errors.CustomOIDCProviderError('invalid_grant', 'the code is wrong or was used before');
  }
}

class TooManyGuesses extends errors.OIDCProviderError {
  constructor(ctx: GrantContext, retryAfter: number) {
    super(429, 'slow_down');
    ctx.set('Retry-After', String(retryAfter));
    Object.assign(this, { expose: true, error_description: `too many codes, try again in ${retryAfter} seconds` });
  }
}
