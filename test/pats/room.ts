/** The room by itself on a real database, with the rooms it asks, and accounts made without their room. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { createAccounts, createGuesses } from '#src/accounts/index.ts';
import { createApis } from '#src/apis/index.ts';
import { createAudit } from '#src/audit/index.ts';
import { createDigests, createPasswordHasher, createSeals } from '#src/crypto/index.ts';
import { type Database, openDatabase } from '#src/db/index.ts';
import { createKeys } from '#src/keys/index.ts';
import { createMail } from '#src/mail/index.ts';
import { createPats, type MadePat, type NewPat, type Pats } from '#src/pats/index.ts';
import { createPolicies } from '#src/policies/index.ts';
import {
  createRevocation,
  createRevocationRules,
  createStatusLists,
  createTokenList,
  createTokens,
} from '#src/tokens/index.ts';
import { type Engine, freshDatabase, type TestDatabase } from '../support/database.ts';
import { listen } from '../support/listening.ts';
import { remember } from '../support/vault.ts';

export const ISSUER = 'https://id.example.com';
export const API = 'https://api.example.com';
export const OWN_API = 'urn:mintmark:api';
export const FROM = { ip: '192.0.2.7', userAgent: 'curl/8' };
export const DAY = 86_400;

const SECRET_KEYS = [randomBytes(32)];

export interface Settings {
  readonly enabled?: boolean;
  readonly defaultDays?: number;
  readonly maxDays?: number;
  readonly smtpUrl?: string | undefined;
}

export type Instance = Awaited<ReturnType<typeof openInstance>>;

/** Everything of one running server that has to do with them. */
export async function openInstance(db: Database, { smtpUrl, ...limits }: Settings = {}) {
  const settings = { enabled: true, defaultDays: 30, maxDays: 90, ...limits };
  const acceptPats = settings.enabled;
  const log = { warn() {}, error() {} };
  const digests = createDigests(SECRET_KEYS);
  const seals = createSeals(SECRET_KEYS);
  const audit = createAudit({ db });
  const mail = createMail({ smtpUrl, from: smtpUrl && 'id@example.com', log });
  const policies = createPolicies({ db });
  const passwords = createPasswordHasher(1);
  const guesses = createGuesses({ db, digests });
  const accounts = createAccounts({ db, digests, passwords, policies, guesses, mail, issuer: ISSUER });
  const apis = createApis({ db });
  const tokens = await createTokens({ db, digests, acceptPats });
  const keys = await createKeys({ db, seals, log });
  const statusLists = await createStatusLists({ db, seals, keys, issuer: ISSUER, acceptPats });
  const list = createTokenList({ db, acceptPats });
  const deps = { db, tokens, apis, accounts, policies, keys, statusLists, audit, mail, issuer: ISSUER };
  const pats = createPats({ ...deps, settings });
  return {
    ...deps,
    pats,
    list,
    rules: createRevocationRules({ db }),
    revocation: createRevocation({ db, tokens, list }),
    async close() {
      keys.close();
      await Promise.all([pats.close(), tokens.close(), mail.close()]);
    },
  };
}

/** Two instances: on Postgres with connections of their own; the embedded engine has but one. */
export function withRoom(engine: Engine) {
  const databases: Database[] = [];
  const instances: Instance[] = [];
  let fresh: TestDatabase | undefined;
  beforeAll(async () => {
    fresh = await freshDatabase(engine);
    const main = await openDatabase(fresh.config);
    databases.push(main);
    await listen(main);
    if (engine === 'postgres') databases.push(await openDatabase(fresh.config));
    instances.push(await openInstance(main), await openInstance(databases[1] ?? main));
    const { apis } = instances[0] as Instance;
    await apis.ensure({
      ...api('Mintmark API', ['admin']),
      identifier: OWN_API,
    });
    await apis.create({ ...api('Things', ['things:read', 'things:write']), identifier: API });
    await apis.create({ ...api('Others', ['others:read']), identifier: `${API}/others` });
    // A token that is older than its API was for another one of that name: those that are aged here must not be.
    await main.query(`update apis set created_at = created_at - interval '1 year'`);
  });
  afterAll(async () => {
    await Promise.all(instances.map((instance) => instance.close()));
    await Promise.all(databases.map((db) => db.close()));
    await fresh?.drop();
  });
  return () => {
    const [first, second] = instances;
    if (!first || !second) throw new Error('the room is open in tests and hooks only');
    return { ...first, second, another: (settings: Settings) => openInstance(first.db, settings) };
  };
}

export const api = (name: string, scopes: readonly string[]) => ({
  name,
  scopes: scopes.map((scope) => ({ name: scope, description: scope })),
  accessTokenFormat: 'opaque' as const,
  signingAlg: 'ES256' as const,
  accessTokenTtl: undefined,
  includeJti: true,
  includeStatus: true,
  introspectionClients: [],
});

export async function makeAccount(db: Database, email?: string): Promise<string> {
  const username = `user-${randomBytes(6).toString('hex')}`;
  const { rows } = await db.query<{ id: string }>(
    'insert into users (username, username_key, email) values ($1, $1, $2) returning id',
    [username, email],
  );
  return rows[0]?.id ?? '';
}

export const WANTED: NewPat = {
  name: 'Nightly build',
  scopes: ['things:read'],
  audience: API,
  expiresInDays: undefined,
  format: 'opaque',
};

export async function make(pats: Pats, accountId: string, wanted: Partial<NewPat> = {}): Promise<MadePat> {
  const made = await pats.create(accountId, { ...WANTED, ...wanted }, FROM);
  remember(made.token);
  return made;
}

export async function rotate(pats: Pats, accountId: string, id: string, overlap = 0): Promise<MadePat> {
  const made = await pats.rotate(accountId, id, { overlap }, FROM);
  remember(made.token);
  return made;
}

/** What happened to it is so many seconds longer ago, and what is to come so much nearer. */
export async function age(db: Database, id: string, seconds: number): Promise<void> {
  const bytes = Buffer.from(id, 'hex');
  await db.query(
    `update tokens
        set created_at = created_at - make_interval(secs => $2), issued_at = issued_at - make_interval(secs => $2),
            expires_at = expires_at - make_interval(secs => $2)
      where id = $1`,
    [bytes, seconds],
  );
  await db.query(
    `update pats
        set created_at = created_at - make_interval(secs => $2), expires_at = expires_at - make_interval(secs => $2),
            replaced_at = replaced_at - make_interval(secs => $2), stands_until = stands_until - make_interval(secs => $2)
      where token_id = $1`,
    [bytes, seconds],
  );
}

/** Ends the first transaction, or statement, as Postgres ends one of two that wait for each other. */
export function deadlockedOnce(db: Database): Database {
  let left = 1;
  const orDeadlock = async <T>(work: () => Promise<T>): Promise<T> => {
    if (left-- > 0) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
    return work();
  };
  return {
    ...db,
    transaction: (work) => orDeadlock(() => db.transaction(work)),
    query: (text, values) =>
      text.includes('pat.revoked') ? orDeadlock(() => db.query(text, values)) : db.query(text, values),
  };
}

/** What happened to this one, in order. */
export async function eventsOf(db: Database, id: string): Promise<string[]> {
  const { rows } = await db.query<{ type: string }>(
    `select type from events where data ->> 'token_id' = $1 order by id`,
    [id],
  );
  return rows.map(({ type }) => type);
}
