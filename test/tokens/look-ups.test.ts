/** What one look-up of a token answers, so that the request that made it asks the database no more. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { errors, type FindAccount } from 'oidc-provider';
import { createAccounts, createGuesses } from '#src/accounts/index.ts';
import { createDigests, createPasswordHasher, randomId, randomSecret } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { createMail } from '#src/mail/index.ts';
import { createPolicies } from '#src/policies/index.ts';
import { findAccount } from '#src/provider/account.ts';
import { createTokens, type Grant, type Token, type Tokens } from '#src/tokens/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';

const ANN = '00000000-0000-4000-8000-000000000001';
const CLIENT = 'web';
const KEY = Buffer.alloc(32, 1);
const now = () => Math.floor(Date.now() / 1000);

const newGrant = (): Grant => ({
  id: randomId(),
  accountId: ANN,
  clientId: CLIENT,
  sessionUid: undefined,
  consented: { openid: { scope: 'openid' } },
  issuedAt: now(),
  expiresAt: now() + 600,
});

describe.each(ENGINES)('One look-up of a token on %s', (engine) => {
  const database = withDatabase(engine);
  let asked: string[] = [];
  let tokens: Tokens;
  let find: (id: string) => Promise<Awaited<ReturnType<FindAccount>>>;

  beforeAll(async () => {
    const db = counting(database(), (text) => asked.push(text));
    await db.query(`insert into clients (client_id, registration) values ('web', '{}')`);
    await db.query(`insert into users (id, username, username_key, name) values ($1, 'ann', 'ann', 'Ann')`, [ANN]);
    const digests = createDigests([KEY]);
    tokens = await createTokens({ db, digests });
    const policies = createPolicies({ db });
    const mail = createMail({ smtpUrl: undefined, from: undefined, log: { warn() {} } });
    const guesses = createGuesses({ db, digests });
    const passwords = await createPasswordHasher(1);
    const accounts = createAccounts({ db, digests, passwords, policies, guesses, mail, issuer: 'https://id.example' });
    const found = findAccount({ accounts, policies, tokens });
    find = async (id) => found({ oidc: { route: 'token' } } as never, id, {} as never);
  });

  /** What a request does, and how many statements it sends for that. */
  async function sends<T>(work: () => Promise<T>): Promise<{ result: T; statements: number }> {
    asked = [];
    return { result: await tokens.units.run(work), statements: asked.length };
  }

  async function issue(): Promise<{ value: string; grant: Grant }> {
    const [value, grant] = [randomSecret(), newGrant()];
    await tokens.units.run(async () => {
      const unit = tokens.units.open();
      unit.grants.set(grant.id, grant);
      const token: Token = {
        id: tokens.idFor('token', value),
        kind: 'refresh_token',
        format: 'opaque',
        clientId: CLIENT,
        accountId: ANN,
        grantId: grant.id,
        grantType: 'authorization_code',
        scope: 'openid',
        audience: undefined,
        userCode: undefined,
        issuedAt: now(),
        expiresAt: now() + 600,
        consumedAt: undefined,
        status: undefined,
        remainder: {},
      };
      unit.tokens.set(token.id, token);
    });
    return { value, grant };
  }

  test('brings its grant', async () => {
    const { value, grant } = await issue();
    const { result, statements } = await sends(async () => {
      await tokens.find(value);
      return tokens.findGrant(grant.id);
    });
    expect(statements).toBe(1);
    expect(result).toEqual(await tokens.findGrant(grant.id));
    expect(result).toMatchObject({ accountId: ANN, clientId: CLIENT, consented: grant.consented });
  });

  test('brings no other grant, and nothing to another request', async () => {
    const [one, other] = [await issue(), await issue()];
    const { result, statements } = await sends(async () => {
      await tokens.find(one.value);
      return tokens.findGrant(other.grant.id);
    });
    expect({ id: result?.id, statements }).toEqual({ id: other.grant.id, statements: 2 });
    expect((await sends(() => tokens.findGrant(one.grant.id))).statements).toBe(1);
  });

  test('says that there is somebody; who they are is asked when it is told', async () => {
    const { value } = await issue();
    const { result, statements } = await sends(async () => {
      await tokens.find(value);
      return find(ANN);
    });
    expect({ accountId: result?.accountId, statements }).toEqual({ accountId: ANN, statements: 1 });
    expect(await result?.claims('id_token', '', {}, [])).toMatchObject({ sub: ANN, name: 'Ann' });
  });

  test('does not speak for somebody else, nor for another request', async () => {
    const { value } = await issue();
    const somebody = '00000000-0000-4000-8000-000000000002';
    const { result } = await sends(async () => {
      await tokens.find(value);
      return find(somebody);
    });
    expect(result).toBeUndefined();
    await database().query('update users set disabled = true');
    try {
      expect((await sends(() => find(ANN))).result).toBeUndefined();
      expect((await sends(() => tokens.find(value))).result).toBeUndefined();
    } finally {
      await database().query('update users set disabled = false');
    }
  });

  test('tells nothing of who was disabled between the look-up and the answer', async () => {
    const { value } = await issue();
    const { result } = await sends(async () => {
      await tokens.find(value);
      return find(ANN);
    });
    await database().query('update users set disabled = true');
    try {
      await expect(result?.claims('id_token', '', {}, [])).rejects.toThrow(errors.InvalidGrant);
    } finally {
      await database().query('update users set disabled = false');
    }
  });
});

function counting(db: Database, asked: (text: string) => void): Database {
  return {
    ...db,
    query(text, values) {
      asked(text);
      return db.query(text, values);
    },
  };
}
