import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import { NOWHERE, type Pats } from '#src/pats/index.ts';
import { INACTIVE } from '#src/tokens/index.ts';
import type { MayAsk } from './introspection.ts';

export interface AboutPatsDeps {
  readonly issuer: string;
  readonly pats: Pick<Pats, 'authenticate' | 'noteUse'>;
}

/** What an API is told of an opaque personal access token. */
export function aboutPats({ issuer, pats }: AboutPatsDeps, mayAsk: MayAsk) {
  return async (value: string, clientId: string): Promise<object> => {
    const { pat } = await pats.authenticate(value, undefined, NOWHERE, { noted: false });
    if (!pat || !(await mayAsk(clientId, { clientId: ACCOUNT_CLIENT, audience: pat.audience }))) return INACTIVE;
    pats.noteUse(pat.id, NOWHERE);
    return {
      active: true,
      sub: pat.accountId,
      username: pat.username,
      client_id: ACCOUNT_CLIENT,
      scope: pat.scopes.join(' '),
      aud: pat.audience,
      iat: pat.createdAt.getTime() / 1000,
      exp: pat.expiresAt.getTime() / 1000,
      iss: issuer,
      jti: pat.id,
      token_type: 'pat',
    };
  };
}
