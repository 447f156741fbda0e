import type { Factors } from '#src/factors/index.ts';
import { type Context, fromOf, invalidToken, Problem } from '#src/http/index.ts';
import {
  type ApiSession,
  type ApiSessions,
  lackingForChanges,
  type SignIn,
  type SignIns,
} from '#src/sessions/index.ts';

/**
 * What a session token must be: `fresh` is full, of somebody who proved themselves within the last minutes; `partial` also
 * takes the token of a sign-in that is not finished.
 */
export type SessionNeed = 'partial' | 'full' | 'fresh';

/** The token of a headless sign-in, finished or not. */
export type HeldToken =
  | { readonly state: 'partial'; readonly token: string; readonly accountId: string; readonly signIn: SignIn }
  | { readonly state: 'full'; readonly token: string; readonly accountId: string; readonly session: ApiSession };

export interface SessionTokenDeps {
  readonly factors: Pick<Factors, 'of'>;
  readonly signIns: Pick<SignIns, 'find'>;
  readonly apiSessions: Pick<ApiSessions, 'begin' | 'find'>;
}

/**
 * Whose sign-in this session token is of.
 *
 * @throws {Problem} 401 without a good token, with a partial one where that is not enough, or for a proof too long ago
 */
export async function heldBy(
  ctx: Context,
  token: string,
  deps: SessionTokenDeps,
  need: SessionNeed,
): Promise<HeldToken> {
  const held = await find(deps, token, ctx);
  if (!held) throw invalidToken();
  if (need !== 'partial' && held.state === 'partial') throw unfinished();
  if (need === 'fresh' && held.state === 'full') await assertFresh(deps.factors, held.session);
  return held;
}

/** @throws {Problem} 401: sign in again, then this can be done (RFC 9470 §3) */
export async function assertFresh(factors: Pick<Factors, 'of'>, session: ApiSession): Promise<void> {
  const lacking = lackingForChanges(session, await factors.of(session.accountId));
  if (!lacking) return;
  const { maxAge, acr } = lacking;
  const acrValues = acr === undefined ? '' : `, acr_values="${acr}"`;
  throw new Problem(401, {
    detail: `this takes a sign-in of the last ${maxAge} seconds${acr === undefined ? '' : ', with a second factor'}`,
    headers: { 'WWW-Authenticate': `${INSUFFICIENT}, max_age="${maxAge}"${acrValues}` },
  });
}

/** RFC 9470 §3. */
const INSUFFICIENT = 'Bearer error="insufficient_user_authentication"';

const unfinished = () =>
  new Problem(401, {
    detail: 'this sign-in is not finished: answer its queries first',
    headers: { 'WWW-Authenticate': INSUFFICIENT },
  });

async function find(deps: SessionTokenDeps, token: string, ctx: Context): Promise<HeldToken | undefined> {
  const session = await deps.apiSessions.find(token);
  if (session) return toFull(token, session);
  const signIn = await deps.signIns.find({ of: 'session_token', value: token });
  if (signIn?.state === 'partial') return { state: 'partial', token, accountId: signIn.accountId, signIn };
  // Whoever gave the last answer was cut off before it became a session, or made it one between these two looks.
  const begun = (signIn && (await deps.apiSessions.begin(token, fromOf(ctx)))) ?? (await deps.apiSessions.find(token));
  return begun && toFull(token, begun);
}

function toFull(token: string, session: ApiSession): HeldToken {
  return { state: 'full', token, accountId: session.accountId, session };
}
