import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import type { Api } from './api.ts';

interface Asked {
  readonly clientId: string | undefined;
  readonly audience: unknown;
}

/**
 * The token's own client, and who is tied to the API the token is for: nobody else learns anything (RFC 7662 §4). The
 * client that personal access tokens belong to is nobody: it has no secret, and anybody may use its name.
 */
export async function mayIntrospect(
  apis: { find(identifier: string): Promise<Api | undefined> },
  caller: { readonly clientId: string; readonly isPublic: boolean },
  token: Asked,
): Promise<boolean> {
  if (token.clientId === caller.clientId && caller.clientId !== ACCOUNT_CLIENT) return true;
  const api = typeof token.audience === 'string' ? await apis.find(token.audience) : undefined;
  return !caller.isPublic && !!api?.introspectionClients.includes(caller.clientId);
}
