/**
 * Personal access tokens at introspection and revocation. The engine does not know them: before it sees one, it is
 * authenticated where they are at home and replaced by a reference to its row, which then is an access token to the engine.
 * Client authentication and who may ask stay the engine's.
 */
import { decodeJwt } from 'jose';
import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import { looksLikePat } from '#src/oauth/pat-value.ts';
import { NOWHERE, type Pat, type Pats, type UsablePat } from '#src/pats/index.ts';
import type { Token, Tokens } from '#src/tokens/index.ts';
import { UNKNOWN } from './structured-tokens.ts';

export const PAT_GRANT = 'pat';

type Exchange = (token: string, how?: { toRevoke: boolean }) => Promise<string>;

interface PresentedPatDeps {
  readonly pats: Pick<Pats, 'authenticate' | 'findValue'>;
  readonly tokens: Pick<Tokens, 'references' | 'units'>;
}

/** @param otherwise what is done with everything else */
export function exchangePats(
  { pats, tokens: { references, units } }: PresentedPatDeps,
  otherwise: (token: string) => Promise<string>,
): Exchange {
  /** Whether the answer will be yes is for the engine to say: only then it was used. */
  const usable = async (value: string) => (await pats.authenticate(value, undefined, NOWHERE, { noted: false })).pat;

  return async (value, { toRevoke } = { toRevoke: false }) => {
    if (!looksLikePat(value)) return otherwise(value);
    const pat = toRevoke ? await revocable(pats, value) : await usable(value);
    if (!pat) return UNKNOWN;
    // The engine finds what was looked up just now, cut to what it is worth now, without asking the database again.
    units.current?.seen.set(pat.id, toToken(pat, value));
    return references.referenceTo(pat.id);
  };
}

/** Whoever tidies up one that was replaced is no thief, and one that is good for nothing today may be good again. */
async function revocable(pats: Pick<Pats, 'findValue'>, value: string): Promise<Pat | undefined> {
  const pat = await pats.findValue(value);
  return pat?.status === 'live' || pat?.status === 'suspended' ? pat : undefined;
}

/** Whose it is, nobody is told who takes one back. */
function toToken(pat: Omit<UsablePat, 'username'> & { readonly username?: string }, value: string): Token {
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
    remainder: { extra: { jti, username: pat.username } },
  };
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);
