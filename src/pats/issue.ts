import type { Accounts } from '#src/accounts/index.ts';
import type { Api, Apis } from '#src/apis/index.ts';
import type { From } from '#src/audit/index.ts';
import { randomSecret } from '#src/crypto/index.ts';
import type { Database, Db } from '#src/db/index.ts';
import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import { patValue } from '#src/oauth/pat-value.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import type { Policies } from '#src/policies/index.ts';
import type { References } from '#src/tokens/index.ts';
import { insertPat, lockOwner, type NewPatRow, readOwner, replacePat } from './issue-queries.ts';
import { checkNewPat, checkOverlap, cut } from './new-pat.ts';
import type { MadePat, PatFormat, PatLimits, Pats } from './pat.ts';
import * as queries from './queries.ts';
import type { Signed } from './signed.ts';
import { rowId, toPat } from './stored.ts';

interface IssueDeps {
  readonly db: Database;
  readonly references: References;
  readonly apis: Pick<Apis, 'find'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly policies: Pick<Policies, 'get'>;
  readonly signed: Signed;
  readonly settings: PatLimits;
}

const DAY_SECONDS = 86_400;
/** Living ones of one user: enough for every script of theirs, too few to be a load. */
const MOST_PER_USER = 100;
const FULL = `no more than ${MOST_PER_USER} personal access tokens may live at once: revoke one first`;
const FORMATS: readonly PatFormat[] = ['opaque', 'jwt'];

interface Content {
  readonly accountId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly api: Api;
  readonly format: PatFormat;
  readonly lifetime: number;
  /** Undefined: it begins one. */
  readonly family: Buffer | undefined;
}

export function createIssue(deps: IssueDeps): Pick<Pats, 'limitsFor' | 'create' | 'rotate'> {
  const { db, references, apis, accounts, policies, signed, settings } = deps;

  async function limitsFor(accountId: string): Promise<PatLimits> {
    const account = await accounts.find(accountId);
    if (!account) throw new NotFound('user');
    const { pats } = await policies.get(account.policyId);
    const maxDays = Math.min(settings.maxDays, pats.maxDays ?? settings.maxDays);
    return {
      enabled: settings.enabled && pats.allowed,
      defaultDays: Math.min(settings.defaultDays, maxDays),
      maxDays,
    };
  }

  /** @throws {Conflict} */
  async function limitsOfHolder(accountId: string): Promise<PatLimits> {
    const limits = await limitsFor(accountId);
    if (!limits.enabled) throw new Conflict('personal access tokens are switched off');
    return limits;
  }

  /**
   * Before anything is signed: a token that nobody gets has taken a place in a status list for good. The statement that
   * writes it asks again.
   *
   * @throws {Conflict}
   */
  async function assertMayHold(accountId: string, { onTop }: { onTop: boolean }): Promise<void> {
    const owner = await readOwner(db, accountId);
    if (!owner) throw new NotFound('user');
    if (owner.is_disabled) throw new Conflict('the user is disabled');
    if (onTop && owner.living >= MOST_PER_USER) throw new Conflict(FULL);
  }

  async function make({ accountId, name, scopes, api, format, lifetime, family }: Content, from: From) {
    const issuedAt = Math.floor(Date.now() / 1000);
    const rights = { accountId, clientId: ACCOUNT_CLIENT, audience: api.identifier, scope: scopes.join(' ') };
    const times = { issuedAt, expiresAt: issuedAt + lifetime };
    const jwt = format === 'jwt' ? await signed.sign({ ...rights, ...times }, api.signingAlg) : undefined;
    const token = jwt?.jwt ?? patValue(randomSecret());
    const id = Buffer.from(references.idOf('token', jwt?.jti ?? token), 'hex');
    const row: NewPatRow = {
      ...rights,
      ...times,
      id,
      format,
      statusList: jwt?.status.list,
      statusIndex: jwt?.status.index,
      remainder: jwt ? { jti: jwt.jti } : {},
      name,
      family: family ?? id,
      ip: from.ip,
      userAgent: from.userAgent,
    };
    return { token, row };
  }

  /** Writes it with its owner locked. `write` says whether it was allowed to. */
  async function keep(
    { token, row }: { token: string; row: NewPatRow },
    write: (tx: Db) => Promise<boolean>,
    refusal: string,
  ): Promise<MadePat> {
    return db.transaction(async (tx) => {
      const owner = await lockOwner(tx, row.accountId);
      if (!owner) throw new NotFound('user');
      if (owner.is_disabled) throw new Conflict('the user is disabled');
      if (!(await write(tx))) throw new Conflict(refusal);
      const made = await queries.findPat(tx, undefined, [row.id], settings.enabled);
      if (!made) throw new Error('a personal access token was written and is not there');
      return { pat: toPat(made), token };
    });
  }

  return {
    limitsFor,

    async create(accountId, wanted, from) {
      const limits = await limitsOfHolder(accountId);
      const { format } = wanted;
      if (!FORMATS.includes(format)) throw new Invalid([{ path: 'format', message: 'must be opaque or jwt' }]);
      const { days, ...checked } = checkNewPat(wanted, await apis.find(wanted.audience), limits);
      const content = { ...checked, accountId, format, lifetime: days * DAY_SECONDS, family: undefined };
      await assertMayHold(accountId, { onTop: true });
      const made = await make(content, from);
      return keep(made, (tx) => insertPat(tx, made.row, MOST_PER_USER), FULL);
    },

    async rotate(accountId, id, { overlap }, from) {
      checkOverlap(overlap);
      const key = rowId(id);
      const old = key && (await queries.findPat(db, accountId, [key], settings.enabled));
      if (!key || !old) throw new NotFound('personal access token');
      const { maxDays } = await limitsOfHolder(accountId);
      const api = await apis.find(old.audience);
      const scopes = cut(old.scope.split(' '), api);
      const refusal = 'this personal access token does not live any more, or was replaced already';
      if (!api || scopes.length === 0 || old.status !== 'live' || old.replaced_at) throw new Conflict(refusal);
      // In an overlap both live.
      await assertMayHold(accountId, { onTop: overlap > 0 });
      // Nobody asks for a time here: what was allowed when the first one was made must not go on for ever.
      const lifetime = Math.min(old.lifetime, maxDays * DAY_SECONDS);
      const { name, format, family } = old;
      const made = await make({ accountId, name, scopes, api, format, lifetime, family }, from);
      return keep(made, (tx) => replacePat(tx, key, overlap, made.row, MOST_PER_USER), refusal);
    },
  };
}
