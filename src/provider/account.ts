import {
  type Account as AccountOfEngine,
  type Configuration,
  errors,
  type FindAccount,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import { type Accounts, accountClaims } from '#src/accounts/index.ts';
import { clientClaims } from '#src/clients/index.ts';
import { type Authentication, authenticationClaims } from '#src/oauth/authentication-claims.ts';
import type { Policies } from '#src/policies/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import type { EngineClient } from './client-metadata.ts';

/** The engine's account where a browser signs in, with what our checks and lifetimes go by. */
export interface EngineAccount extends AccountOfEngine {
  readonly policyId: string;
  /** Seconds from the sign-in. */
  readonly sessionLifetime: number;
}

interface People {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly policies: Pick<Policies, 'get'>;
  readonly tokens: Pick<Tokens, 'units'>;
}

/** The person behind a token. A disabled account is none: its codes, tokens and sessions stop working where they are used. */
export function findAccount({ accounts, policies, tokens }: People): FindAccount {
  return async (ctx, id, token) => {
    if (token && tokens.units.current?.sawTokenOf(id)) return ownerOfToken(accounts, ctx, id);
    const account = await accounts.find(id);
    if (!account || account.disabled) return undefined;
    const { session } = await policies.get(account.policyId);
    const found: EngineAccount = {
      accountId: account.id,
      policyId: account.policyId,
      sessionLifetime: session.lifetime,
      claims: () => accountClaims(account),
    };
    return found;
  };
}

/**
 * Whose token was found just now: the look-up said that they are there and let in, and the unit's commit asks again. Who
 * they are is looked up only where claims are handed out, which not every token is for.
 */
function ownerOfToken(accounts: Pick<Accounts, 'find'>, ctx: KoaContextWithOIDC, accountId: string): AccountOfEngine {
  return {
    accountId,
    async claims() {
      const account = await accounts.find(accountId);
      if (account && !account.disabled) return accountClaims(account);
      const gone = 'associated account not found';
      throw ctx.oidc.route === 'userinfo' ? new errors.InvalidToken(gone) : new errors.InvalidGrant(gone);
    },
  };
}

/** What an access token came of says how the person had signed in; a token of a machine comes of nothing. */
function authenticationOf(ctx: KoaContextWithOIDC | undefined): Authentication | undefined {
  const entities = ctx?.oidc?.entities as Record<string, Authentication | undefined> | undefined;
  return entities?.AuthorizationCode ?? entities?.RefreshToken ?? entities?.DeviceCode;
}

/**
 * Claims of ours, in JWT access tokens and in introspection alike: the client's own metadata, and how and when the person
 * signed in.
 */
export const extraTokenClaims: Configuration['extraTokenClaims'] = (ctx, token) => {
  const client = token.client as Partial<EngineClient> | undefined;
  const authentication = 'accountId' in token ? authenticationOf(ctx) : undefined;
  const extra = {
    ...clientClaims(client?.client_metadata ?? {}),
    ...(authentication && authenticationClaims(authentication)),
  };
  return Object.keys(extra).length > 0 ? extra : undefined;
};
