import type { Audit } from '#src/audit/index.ts';
import { type Context, fromOf, insufficientScope, Problem } from '#src/http/index.ts';
import type { AccountScope } from '#src/oauth/account-scopes.ts';
import { looksLikePat } from '#src/oauth/pat-value.ts';
import type { UsablePat } from '#src/pats/index.ts';
import { type AuthorizeDeps, assertMay, callerOf, nameOf, patOf, tokenOf } from './authorize.ts';
import type { AnyRequest, AnyRoute } from './route.ts';
import { coversOwn } from './scopes.ts';
import { heldBy, type SessionNeed, type SessionTokenDeps } from './session-token.ts';

export interface AskerDeps extends SessionTokenDeps, AuthorizeDeps {
  readonly audit: Pick<Audit, 'record'>;
}

export type Asker = Pick<AnyRequest, 'by' | 'scopes' | 'session' | 'accountId' | 'patId'>;

const NOBODY = { scopes: new Set<string>(), session: undefined, accountId: undefined, patId: undefined };

/**
 * Who asks for this operation, by what they hold.
 *
 * @throws {Problem} 401 or 403 when that does not allow it
 */
export async function whoAsks(route: AnyRoute, ctx: Context, deps: AskerDeps): Promise<Asker> {
  if (route.session) return ownerOf(route, route.session, ctx, deps);
  if (!route.scope) return { ...NOBODY, by: 'anybody', scopes: await insightOf(route, ctx, deps) };
  const { scope } = route;
  const caller = await callerOf(ctx, deps);
  const by = nameOf(caller);
  await noted({ route, by, patId: caller.patId, ctx, deps }, () => assertMay(caller, scope));
  return { ...NOBODY, by, scopes: caller.scopes };
}

async function ownerOf(route: AnyRoute, need: SessionNeed, ctx: Context, deps: AskerDeps): Promise<Asker> {
  const token = tokenOf(ctx, deps);
  if (looksLikePat(token)) {
    const pat = await patOf(ctx, token, deps);
    const by = `user:${pat.accountId}`;
    await noted({ route, by, patId: pat.id, ctx, deps }, () => assertPatMay(pat, route.pat));
    return { ...NOBODY, by, scopes: new Set(pat.scopes), accountId: pat.accountId, patId: pat.id };
  }
  const held = await heldBy(ctx, token, deps, need);
  const session = need === 'partial' || held.state === 'partial' ? held : held.session;
  return { ...NOBODY, by: `user:${held.accountId}`, session, accountId: held.accountId };
}

/** @throws {Problem} 403 */
function assertPatMay({ scopes }: UsablePat, needed: AccountScope | undefined): void {
  if (needed === undefined) throw notByPat();
  if (!coversOwn(new Set(scopes), needed)) throw insufficientScope(needed);
}

/** Whatever it holds: who finds one must not make themselves at home. */
export const notByPat = () => new Problem(403, { detail: 'this takes a sign-in: no personal access token can do it' });

interface Attempt {
  readonly route: AnyRoute;
  readonly by: string;
  readonly patId: string | undefined;
  readonly ctx: Context;
  readonly deps: Pick<AskerDeps, 'audit'>;
}

/** Who holds a token and tries more than it allows is worth knowing about. */
async function noted({ route: { audit: action }, by, patId, ctx, deps }: Attempt, check: () => void): Promise<void> {
  try {
    check();
  } catch (error) {
    if (typeof action === 'string') {
      const reason = '403 insufficient_scope';
      const data = patId === undefined ? {} : { by_pat: patId };
      await deps.audit.record({ actor: by, action, outcome: 'failure', reason, from: fromOf(ctx), data });
    }
    throw error;
  }
}

/** What an asker may know who need not say who they are: one whose own token is no good is anybody. */
async function insightOf({ insight }: AnyRoute, ctx: Context, deps: AskerDeps): Promise<ReadonlySet<string>> {
  if (insight === undefined) return NOBODY.scopes;
  try {
    const caller = await callerOf(ctx, deps);
    assertMay(caller, insight);
    return caller.scopes;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return NOBODY.scopes;
    throw error;
  }
}
