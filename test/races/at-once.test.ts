/** A first proof that is enough, while the user changes under it. The room by itself: the moment between is a call's. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAccounts, createGuesses } from '#src/accounts/index.ts';
import { createAudit } from '#src/audit/index.ts';
import { createDigests, createPasswordHasher, createSeals } from '#src/crypto/index.ts';
import { type Database, openDatabase } from '#src/db/index.ts';
import { createFactors } from '#src/factors/index.ts';
import { createPolicies } from '#src/policies/index.ts';
import { createSignIns, type Key } from '#src/sessions/index.ts';
import { ENGINES, type Engine, freshDatabase, type TestDatabase } from '../support/database.ts';
import { remember } from '../support/vault.ts';

const ISSUER = 'https://id.example.com';
const NOWHERE = { ip: undefined, userAgent: undefined };

describe.each(ENGINES)('a first proof that is enough, on %s', (engine) => {
  const room = withRoom(engine);

  test('is finished with that: it is on record, and nothing was kept', async () => {
    const { prove, someone, kept, logins } = room();
    const ann = await someone();
    const answer = await prove(ann, newKey());

    expect(answer).toMatchObject({
      accountId: ann.id,
      state: 'full',
      queries: [],
      proofs: ['password'],
      acr: 'urn:mintmark:acr:1fa',
    });
    expect(answer).toMatchObject({ finished: { passwordVersion: 0, at: expect.any(Number) } });
    expect(await kept(ann.id)).toBe(0);
    expect(await logins(ann.id)).toBe(1);
  });

  test('ends what somebody had begun there before', async () => {
    const { prove, someone, kept, demandSecond } = room();
    const key = newKey();
    const ann = await someone();
    await demandSecond(ann.id);
    expect(await prove(ann, key)).toMatchObject({ state: 'partial' });
    expect(await kept(ann.id)).toBe(1);

    expect(await prove(await someone(), key)).toMatchObject({ state: 'full' });
    expect(await kept(ann.id)).toBe(0);
  });

  test.each([
    ['disabled', 'update users set disabled = true where id = $1'],
    ['given another password', 'update users set password_version = password_version + 1 where id = $1'],
    ['given another policy', 'update users set policy_id = $2 where id = $1'],
    ['deleted', 'delete from users where id = $1'],
  ])('is nothing when the user was %s before it was finished', async (_, change) => {
    const { db, prove, someone, kept, logins, between, strict } = room();
    const ann = await someone();
    const other = change.includes('$2') ? [await strict()] : [];
    between(() => db.query(change, [ann.id, ...other]));

    expect(await prove(ann, newKey())).toEqual({ refused: 'gone' });
    expect(await kept(ann.id)).toBe(0);
    expect(await logins(ann.id)).toBe(0);
  });
});

const newKey = (): Key => ({ of: 'interaction', value: randomBytes(32).toString('base64url') });

interface Someone {
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

function withRoom(engine: Engine) {
  let database: TestDatabase | undefined;
  let db: Database | undefined;
  let room: Awaited<ReturnType<typeof makeRoom>> | undefined;
  beforeAll(async () => {
    database = await freshDatabase(engine);
    db = await openDatabase(database.config);
    room = makeRoom(db);
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });
  return () => {
    if (!room) throw new Error('the room is open in tests and hooks only');
    return room;
  };
}

function makeRoom(db: Database) {
  const keys = [randomBytes(32)];
  const digests = createDigests(keys);
  const policies = createPolicies({ db });
  const guesses = createGuesses({ db, digests });
  const mail = { enabled: false, send: async () => {} };
  const passwords = createPasswordHasher(1);
  const accounts = createAccounts({ db, digests, passwords, policies, guesses, mail, issuer: ISSUER });
  const factors = createFactors({ db, digests, seals: createSeals(keys), guesses, issuer: ISSUER });
  let meanwhile: (() => Promise<unknown>) | undefined;
  const { signIns } = createSignIns({
    db,
    digests,
    accounts,
    policies,
    audit: createAudit({ db }),
    factors: {
      ...factors,
      async of(accountId) {
        const enrolled = await factors.of(accountId);
        await meanwhile?.();
        meanwhile = undefined;
        return enrolled;
      },
    },
  });
  const count = async (from: string, id: string) =>
    (await db.query<{ count: number }>(`select count(*)::integer as count from ${from} = $1`, [id])).rows[0]?.count;

  async function strict(): Promise<string> {
    const { id, createdAt: _, updatedAt: __, ...settings } = await policies.get('default');
    const { secondary } = settings;
    return (await policies.create({ ...settings, name: `not ${id}`, secondary: { ...secondary, requireAny: true } }))
      .id;
  }

  return {
    db,
    strict,
    async someone(): Promise<Someone> {
      const username = `user-${randomBytes(6).toString('hex')}`;
      const password = `Pw-1-${randomBytes(12).toString('hex')}`;
      remember(password);
      const nothing = { email: undefined, name: undefined, claims: {} };
      const { id } = await accounts.create({ username, ...nothing, password: { password }, disabled: false });
      return { id, username, password };
    },
    async demandSecond(id: string) {
      await db.query('update users set policy_id = $2 where id = $1', [id, await strict()]);
    },
    /** Done once, after what the user has enrolled was looked up. */
    between(act: () => Promise<unknown>) {
      meanwhile = act;
    },
    prove: ({ username, password }: Someone, key: Key) =>
      signIns.withPassword(key, username, password, { atOnce: true }, NOWHERE),
    kept: (id: string) => count('sign_ins where account_id', id),
    logins: (id: string) => count(`audit_log where action = 'login' and outcome = 'success' and target`, `user:${id}`),
  };
}
