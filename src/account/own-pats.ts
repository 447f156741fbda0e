import type { Apis } from '#src/apis/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { EndedPat, ShownPat } from '#src/pages/index.ts';
import { type Pat, type Pats, scopesOffered } from '#src/pats/index.ts';
import { everyPage } from './every-page.ts';

/** More of what has ended than anybody looks through. */
const MOST_ENDED = 20;
const ENDED = ['expired', 'revoked', 'replaced'] as const;

type Why = (typeof ENDED)[number];

interface PatDeps {
  readonly apis: Pick<Apis, 'find'>;
  readonly pats: Pick<Pats, 'limitsFor' | 'list'>;
}

/** @throws {NotFound} also for one of somebody else: whether it exists is nobody's business */
export async function ownPat(pats: Pick<Pats, 'find'>, accountId: string, id: string | undefined): Promise<Pat> {
  const pat = id ? await pats.find(accountId, id) : undefined;
  if (!pat) throw new NotFound('token');
  return pat;
}

/** What the audit log keeps of one that was made, in the words of the API. */
export function recordOf({ id, name, scopes, audience, format, expiresAt }: Pat): Record<string, unknown> {
  return { pat_id: id, name, scopes, audience, format, expires_at: expiresAt.toISOString() };
}

/** Undefined where this person may have none. */
export async function countLiving({ pats }: PatDeps, accountId: string): Promise<number | undefined> {
  return (await pats.limitsFor(accountId)).enabled ? (await living(pats, accountId)).length : undefined;
}

/** Newest first: all that work or may work again, and the last ones that ended. */
export async function shownPats({ apis, pats }: PatDeps, accountId: string) {
  const page = { after: '', limit: MOST_ENDED };
  const [working, ...over] = await Promise.all([
    standing(pats, accountId),
    ...ENDED.map(async (why) => (await pats.list({ accountId, status: why }, page)).items.map((pat) => ({ pat, why }))),
  ]);
  const ended = over.flat().sort((a, b) => +b.pat.createdAt - +a.pat.createdAt);
  return {
    living: await Promise.all(working.map((pat) => toShown(apis, pat))),
    ended: await Promise.all(ended.slice(0, MOST_ENDED).map(({ pat, why }) => toEnded(apis, pat, why))),
  };
}

function living(pats: PatDeps['pats'], accountId: string): Promise<Pat[]> {
  return everyPage((page) => pats.list({ accountId, status: 'live' }, page));
}

/** One whose API has nothing left of what it was made for is good for nothing, but whoever may want to revoke it must find it. */
async function standing(pats: PatDeps['pats'], accountId: string): Promise<Pat[]> {
  const suspended = await everyPage((page) => pats.list({ accountId, status: 'suspended' }, page));
  return [...(await living(pats, accountId)), ...suspended].sort((a, b) => +b.createdAt - +a.createdAt);
}

async function toShown(apis: PatDeps['apis'], pat: Pat): Promise<ShownPat> {
  const { id, name, createdAt, expiresAt, lastUsedAt, lastUsedIp, replacedAt } = pat;
  const api = await apis.find(pat.audience);
  const scopes = api ? scopesOffered(api).filter((scope) => pat.scopes.includes(scope.name)) : [];
  const face = { name: api?.name ?? pat.audience, scopes };
  return { id, name, api: face, createdAt, expiresAt, lastUsedAt, lastUsedIp, replacedAt };
}

async function toEnded(apis: PatDeps['apis'], pat: Pat, why: Why): Promise<EndedPat> {
  const { id, name, createdAt, lastUsedAt, lastUsedIp } = pat;
  const api = (await apis.find(pat.audience))?.name ?? pat.audience;
  return { id, name, createdAt, lastUsedAt, lastUsedIp, api, why };
}
