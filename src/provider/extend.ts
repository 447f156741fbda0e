import type Provider from 'oidc-provider';
import { MFA_GRANT, PASSWORD_GRANT, REFRESH_GRANT } from '#src/oauth/grant-types.ts';
import { compareClientSecrets } from './client-secrets.ts';
import { cookies } from './cookies.ts';
import type { ProviderDeps } from './deps.ts';
import { type Log, logEvents } from './events.ts';
import { MFA_PARAMETERS, mfaGrant } from './grants/mfa.ts';
import { PASSWORD_PARAMETERS, passwordGrant } from './grants/password.ts';
import { REFRESH_PARAMETERS, refreshGrant } from './grants/refresh-token.ts';
import { engineGrantHandler } from './internals.ts';
import { keepJwtAccessTokens } from './jwt-access-tokens.ts';
import { beginLateSessions } from './late-sessions.ts';
import { endClientAlone } from './stay-signed-in.ts';
import { orderTokensByTime } from './time-ordered-tokens.ts';

/** What configuration cannot say: overrides, listeners and grants of ours, on an engine that was just built. */
export function extend(provider: Provider, deps: ProviderDeps, log: Log): void {
  logEvents(provider, log);
  compareClientSecrets(provider, deps.clients);
  orderTokensByTime(provider, deps.tokens.references);
  keepJwtAccessTokens(provider);
  beginLateSessions(provider, cookies(deps)?.long);
  endClientAlone(provider, deps.tokens);

  const refresh = refreshGrant(provider, deps, engineGrantHandler(provider, REFRESH_GRANT));
  const password = passwordGrant(provider, deps);
  provider.registerGrantType(REFRESH_GRANT, refresh as never, REFRESH_PARAMETERS, ['resource']);
  provider.registerGrantType(MFA_GRANT, mfaGrant(provider, deps) as never, MFA_PARAMETERS, []);
  provider.registerGrantType(PASSWORD_GRANT, password as never, PASSWORD_PARAMETERS, ['resource']);
}
