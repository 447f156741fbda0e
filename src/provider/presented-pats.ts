/**
 * Personal access tokens at introspection and revocation. The engine does not know them: before it sees one, it is
 * authenticated where they are at home and replaced by a reference to its row, which then is an access token to the engine.
 * Client authentication and who may ask stay the engine's.
 */
import { decodeJwt } from 'jose';
import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import { looksLikePat } from '#src/oauth/pat-value.ts';
import type { Pats, UsablePat } from '#src/pats/index.ts';
import type { Token, Tokens } from '#src/tokens/index.ts';
import { UNKNOWN } from './structured-tokens.ts';

export const PAT_GRANT = 'pat';

/** Whoever asks holds the token already: it may be used from anywhere else. */
const NOWHERE = { ip: undefined, userAgent: undefined };

/** @param isUse not when it is presented to be revoked: whoever tidies up a replaced one is no thief */
type Exchange = (token: string, isUse?: boolean) => Promise<string>;

interface PresentedPatDeps {
  readonly pats: Pick<Pats, 'authenticate'>;
  readonly tokens: Pick<Tokens, 'references' | 'units'>;
}

/** @param otherwise what is done with everything else */
export function exchangePats({ pats, tokens: { references, units } }: PresentedPatDeps, otherwise: Exchange): Exchange {
  return async (value, isUse = true) => {
    if (!looksLikePat(value)) return otherwise(value);
    const { pat } = await pats.authenticate(value, undefined, NOWHERE, { isUse });
    // One without any scope left opens nothing.
    if (!pat || pat.scopes.length === 0) return UNKNOWN;
    // The engine finds what was looked up just now, cut to what it is worth now, without asking the database again.
    units.current?.seen.set(pat.id, toToken(pat, value));
    return references.referenceTo(pat.id);
  };
}

function toToken(pat: UsablePat, value: string): Token {
  // The value was verified: its name in offline verifiers' logs is its name here.
  const jti = pat.format === 'jwt' ? decodeJwt(value).jti : pat.id;
  return {
    id: pat.id,
    kind: 'pat',
    format: pat.format,
    clientId: ACCOUNT_CLIENT,
    accountId: pat.accountId,
    grantId: undefined,
    grantType: PAT_GRANT,
    scope: pat.scopes.join(' '),
    audience: pat.audience,
    userCode: undefined,
    issuedAt: seconds(pat.createdAt),
    expiresAt: seconds(pat.expiresAt),
    consumedAt: undefined,
    status: undefined,
    remainder: { extra: { jti } },
  };
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);
