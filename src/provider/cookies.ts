import type { Configuration } from 'oidc-provider';
import type { ProviderDeps } from './deps.ts';

/** Signed, out of reach of scripts, and not sent along with other sites' posts. Secure follows the issuer's scheme. */
export function cookies({ cookieKeys, issuer }: Pick<ProviderDeps, 'cookieKeys' | 'issuer'>): Configuration['cookies'] {
  const options = { signed: true, httpOnly: true, sameSite: 'lax', secure: issuer.startsWith('https:') } as const;
  return {
    keys: [...cookieKeys],
    names: { session: 'mintmark_session', interaction: 'mintmark_interaction', resume: 'mintmark_resume' },
    long: options,
    short: options,
  };
}
