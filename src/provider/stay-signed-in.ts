import type { KoaContextWithOIDC, default as Provider } from 'oidc-provider';
import type { Tokens } from '#src/tokens/index.ts';

/**
 * "Stay signed in" at sign-out ends what this one client got in the session. The engine leaves grants alone that it takes
 * for independent of the session; here it is the grant that is bound to it (`consent.ts`).
 */
export function endClientAlone(provider: Provider, tokens: Tokens): void {
  provider.on('end_session.success', ({ oidc }: KoaContextWithOIDC) => {
    const { client, session, params } = oidc;
    if (!params?.logout && client && session) tokens.units.open().endClient(session.uid, client.clientId);
  });
}
