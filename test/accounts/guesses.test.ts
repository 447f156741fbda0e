import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createGuesses, type Guesses, type Limit, type Subject } from '#src/accounts/index.ts';
import { createDigests } from '#src/crypto/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';

const LOCKOUT: Limit = { kind: 'lockout', maxAttempts: 2, duration: 600 };
const FOREVER: Limit = { kind: 'lockout', maxAttempts: 1, duration: 0 };
const DELAY: Limit = { kind: 'growing_delay', free: 2, longest: 5 };

describe.each(ENGINES)('counting guesses on %s', (engine) => {
  const database = withDatabase(engine);
  let guesses: Guesses;
  let accountId: string;
  beforeAll(async () => {
    guesses = createGuesses({ db: database(), digests: createDigests([randomBytes(32)]) });
    const { rows } = await database().query<{ id: string }>(
      `insert into users (username, username_key) values ('ann', 'ann') returning id`,
    );
    accountId = rows[0]?.id ?? '';
  });

  const named = (): Subject => ({
    proof: 'password',
    accountId: undefined,
    name: randomBytes(6).toString('hex'),
    device: undefined,
  });
  /** As if everything counted so far had been some time ago. */
  const age = (interval: string) =>
    database().query(
      `update guesses set last_at = last_at - $1::interval, blocked_until = blocked_until - $1::interval`,
      [interval],
    );

  test('a lockout: the last guess blocks, those after it are told how long', async () => {
    const subject = named();
    expect(await guesses.charge(subject, LOCKOUT)).toEqual({ allowed: true, blockedNow: false });
    expect(await guesses.charge(subject, LOCKOUT)).toEqual({ allowed: true, blockedNow: true });
    expect(await guesses.charge(subject, LOCKOUT)).toEqual({ allowed: false, retryAfter: expect.any(Number) });
    expect(await guesses.charge(subject, FOREVER)).toMatchObject({ allowed: false });
    await age('10 minutes');
    expect(await guesses.charge(subject, LOCKOUT)).toEqual({ allowed: true, blockedNow: false });
  });

  test('until an administrator: no time is told, and none helps', async () => {
    const subject = named();
    expect(await guesses.charge(subject, FOREVER)).toEqual({ allowed: true, blockedNow: true });
    await age('100 days');
    expect(await guesses.charge(subject, FOREVER)).toEqual({ allowed: false, retryAfter: undefined });
    await guesses.forgive(subject);
    expect(await guesses.charge(subject, FOREVER)).toEqual({ allowed: true, blockedNow: true });
  });

  test('a delay grows while it is guessed on, to its longest, and never ends in a lockout', async () => {
    const subject = named();
    expect(await guesses.charge(subject, DELAY)).toEqual({ allowed: true, blockedNow: false });
    expect(await guesses.charge(subject, DELAY)).toMatchObject({ allowed: true });
    for (const seconds of [1, 2, 4, 5, 5]) {
      expect(await guesses.charge(subject, DELAY)).toEqual({ allowed: false, retryAfter: seconds });
      await age(`${seconds} seconds`);
      expect(await guesses.charge(subject, DELAY)).toMatchObject({ allowed: true });
    }
  });

  test('what is older than a day is forgotten', async () => {
    const subject = named();
    await guesses.charge(subject, LOCKOUT);
    await age('25 hours');
    expect(await guesses.charge(subject, LOCKOUT)).toEqual({ allowed: true, blockedNow: false });
  });

  test('each proof and each device of an account has its own count; only strangers lock it', async () => {
    const mine = (more: Partial<Subject>): Subject => ({
      proof: 'password',
      accountId,
      name: 'ann',
      device: undefined,
      ...more,
    });
    const blocks = { allowed: true, blockedNow: true };
    expect(await guesses.charge(mine({ device: 'phone' }), FOREVER)).toEqual(blocks);
    expect(await guesses.charge(mine({ proof: 'second_factor' }), FOREVER)).toEqual(blocks);
    expect(await guesses.locksOf([accountId])).toEqual(new Map());
    expect(await guesses.charge(mine({}), FOREVER)).toEqual(blocks);
    expect(await guesses.charge(mine({ name: 'whatever was typed' }), FOREVER)).toMatchObject({ allowed: false });
    expect(await guesses.locksOf([accountId])).toEqual(new Map([[accountId, 'until_enabled']]));
    await guesses.forgive(mine({}));
    expect(await guesses.charge(mine({ device: 'phone' }), FOREVER)).toMatchObject({ allowed: false });
  });

  test('a lock outlives the secret key', async () => {
    const subject: Subject = { proof: 'password', accountId, name: '', device: 'laptop' };
    await guesses.charge(subject, FOREVER);
    const after = createGuesses({ db: database(), digests: createDigests([randomBytes(32)]) });
    expect(await after.charge(subject, FOREVER)).toMatchObject({ allowed: false });
  });

  test('of many at once exactly as many are allowed as the limit says', async () => {
    const subject = named();
    const charged = await Promise.all(Array.from({ length: 60 }, () => guesses.charge(subject, LOCKOUT)));
    expect(charged.filter(({ allowed }) => allowed)).toHaveLength(2);
    for (const refused of charged) if (!refused.allowed) expect(refused.retryAfter).toBeGreaterThan(590);
  });
});
