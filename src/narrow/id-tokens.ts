/** ID tokens (OpenID Connect Core §2) with the claims that scopes stand for; claims asked for one by one are the engine's. */
import { type Account, type Accounts, accountClaims } from '#src/accounts/index.ts';
import type { Client } from '#src/clients/index.ts';
import type { Keys } from '#src/keys/index.ts';
import { DEFAULT_LIFETIMES } from '#src/oauth/lifetimes.ts';
import type { Authorization } from './authorization.ts';
import { claimsOfScopes, findPerson } from './claims.ts';

export interface IdTokenDeps {
  readonly issuer: string;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly keys: Pick<Keys, 'sign'>;
}

/** @returns undefined when it is not for here: nobody is there whose claims are told here */
export async function makeIdToken(
  deps: IdTokenDeps,
  authorization: Authorization,
  client: Client,
): Promise<string | undefined> {
  const account = await findPerson(deps.accounts, authorization.accountId);
  if (!account) return undefined;
  const alg = client.registration.id_token_signed_response_alg;
  return deps.keys.sign(alg, {}, claimsOf(deps.issuer, account, authorization, client)).compact;
}

function claimsOf(issuer: string, account: Account, { oidcScopes, remembered }: Authorization, client: Client) {
  const { acr, amr, authTime: auth_time } = remembered;
  const iat = Math.floor(Date.now() / 1000);
  return {
    // These are the sign-in's, also where it has none: nobody's free-form claims may say how they proved who they are.
    ...claimsOfScopes(oidcScopes, { ...accountClaims(account), acr, amr, auth_time }),
    nonce: remembered.nonce,
    sid: remembered.sid,
    aud: client.id,
    exp: iat + DEFAULT_LIFETIMES.idToken,
    iat,
    iss: issuer,
  };
}
