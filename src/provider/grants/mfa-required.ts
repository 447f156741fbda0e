import type { Middleware } from 'koa';
import { errors } from 'oidc-provider';
import type { QueryType } from '#src/sessions/index.ts';

/** What the owner of a password is asked on top of it, and the one-time challenge to answer it with. */
export interface Challenge {
  readonly mfa_token: string;
  readonly queries: readonly { readonly type: QueryType }[];
}

/** contract.md, "Token endpoint extras". The engine prints code and description only; the rest is added behind it. */
export class MfaRequired extends errors.OIDCProviderError {
  constructor() {
    super(403, 'mfa_required');
    Object.assign(this, { expose: true, error_description: 'a second factor is required' });
  }
}

interface State {
  mfaChallenge?: Challenge;
}

export const challenge = (ctx: { state: object }, asked: Challenge): MfaRequired => {
  (ctx.state as State).mfaChallenge = asked;
  return new MfaRequired();
};

export const tellMfaToken: Middleware = async (ctx, next) => {
  await next();
  const { mfaChallenge } = ctx.state as State;
  const body = ctx.body as { error?: unknown } | undefined;
  if (mfaChallenge && body?.error === 'mfa_required') ctx.body = { ...body, ...mfaChallenge };
};
