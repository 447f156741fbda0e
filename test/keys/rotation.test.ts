import { afterEach, describe, expect, test } from '@jest/globals';
import { createSeals, SealedUnderAnotherKey } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { createKeys, type Keys, SIGNING_ALGS, type SigningKey } from '#src/keys/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { eventsIn, listen } from '../support/listening.ts';

const SEALS = createSeals([Buffer.alloc(32, 1)]);
const HOUR = 3_600;
const DAY = 24 * HOUR;
/** Two RSA keys may have to be made on a busy machine first. */
const MADE_MS = 15_000;

describe.each(ENGINES)('Signing keys on %s', (engine) => {
  const database = withDatabase(engine);
  const opened: Keys[] = [];

  afterEach(async () => {
    for (const keys of opened.splice(0)) keys.close();
    // Each test begins with the keys of a first start.
    await database().query('delete from signing_keys');
  });

  async function open(): Promise<Keys> {
    const keys = await createKeys({
      db: database(),
      seals: SEALS,
      log: {
        error({ err }: { err?: unknown }) {
          throw err;
        },
      },
    });
    opened.push(keys);
    return keys;
  }

  test('the first start makes a key of each algorithm, the same for all who start together', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    expect(statesOf(await one.list())).toEqual(SIGNING_ALGS.map((alg) => `${alg} current`));
    await eventually(() => kids(one).join() === kids(two).join());
    expect(one.all().map(({ alg }) => alg)).toEqual([...SIGNING_ALGS]);
  });

  test('the next key is published a day before the current one is 90 days old, by one instance', async () => {
    const [one, two] = [await open(), await open()];
    const first = kids(one);
    await pass(database(), 88.9 * DAY);
    await new Promise((later) => setTimeout(later, 300));
    expect(kids(one)).toEqual(first);

    await pass(database(), 0.2 * DAY);
    await eventually(() => one.all().length === 6 && two.all().length === 6, MADE_MS);
    expect(kids(one)).toEqual(kids(two));
    expect(kids(one).slice(0, 3)).toEqual(first);
    const list = await one.list();
    expect(statesOf(list).slice(3)).toEqual(SIGNING_ALGS.map((alg) => `${alg} next`));
    const next = list.find(({ state }) => state === 'next');
    expect(secondsFromNow(next?.signsFrom)).toBeGreaterThan(DAY - 60);
  });

  test('it is told of once, by whichever instance publishes it, and so is one that steps in at once', async () => {
    const [one] = [await open(), await open()];
    await listen(database());
    await pass(database(), 89.1 * DAY);
    await eventually(() => one.all().length === 6, MADE_MS);
    const told = async () => (await eventsIn(database(), ['key.rotated'])).map(({ data }) => data);
    const published = (await one.list()).filter(({ state }) => state === 'next').map(({ kid }) => kid);
    expect((await told()).map(({ kid }) => kid).sort()).toEqual(published.sort());

    const next = await one.revoke(one.current('ES256').kid ?? '');
    expect((await told()).at(-1)).toMatchObject({ kid: next.kid, alg: 'ES256' });
    const spare = await one.revoke(next.kid);
    expect((await told()).at(-1)).toMatchObject({ kid: spare.kid, alg: 'ES256' });
    expect(await told()).toHaveLength(5);
  });

  test('it begins to sign on all instances at its time, and the one before stays published for what it signed', async () => {
    const [one, two] = [await open(), await open()];
    const first = one.current('ES256').kid;
    const [next] = await one.rotate({ algs: ['ES256'] });
    expect(one.current('ES256').kid).toBe(first);

    await pass(database(), DAY - 1);
    await eventually(() => [one, two].every((keys) => keys.current('ES256').kid === next?.kid));
    expect(kids(one)).toContain(first);
    expect((await one.list()).find(({ kid }) => kid === first)?.state).toBe('retiring');

    await pass(database(), 14 * DAY - HOUR);
    expect((await one.list()).map(({ kid }) => kid)).toContain(first);
    await pass(database(), HOUR + 120);
    await eventually(() => [one, two].every((keys) => !kids(keys).includes(first)), MADE_MS);
    expect((await one.list()).map(({ kid }) => kid)).not.toContain(first);
  });

  test('it stays for as long as the longest token that it signed', async () => {
    const keys = await open();
    const first = keys.current('ES256').kid ?? '';
    await keys.keepFor('ES256', 60 * DAY);
    const [young] = await keys.rotate({ algs: ['ES256'], immediately: true });
    expect(keys.current('ES256').kid).toBe(young?.kid);
    const old = (await keys.list()).find(({ kid }) => kid === first);
    expect(secondsFromNow(old?.retiresAt)).toBeGreaterThan(60 * DAY);
    expect(secondsFromNow(old?.retiresAt)).toBeLessThan(61 * DAY);
  });

  test('of two that rotate at once one publishes a key, and both see it', async () => {
    const [one, two] = [await open(), await open()];
    const answers = await Promise.all([one.rotate({}), two.rotate({}), one.rotate({})]);
    const published = answers.map((answer) => answer.map(({ kid }) => kid).join());
    expect(new Set(published).size).toBe(1);
    expect((await one.list()).length).toBe(6);
  });

  test('of two emergencies at once both end with the same new key', async () => {
    const [one, two] = [await open(), await open()];
    const first = one.current('Ed25519').kid;
    await Promise.all([one, two].map((keys) => keys.rotate({ algs: ['Ed25519'], immediately: true })));
    await eventually(() => one.current('Ed25519').kid === two.current('Ed25519').kid);
    expect(one.current('Ed25519').kid).not.toBe(first);
    expect(statesOf(await one.list()).filter((state) => state === 'Ed25519 current')).toHaveLength(1);
  });

  test('a published key can be brought forward', async () => {
    const keys = await open();
    const [published] = await keys.rotate({ algs: ['ES256'] });
    const [young] = await keys.rotate({ algs: ['ES256'], immediately: true });
    expect(young).toMatchObject({ kid: published?.kid, state: 'current' });
  });

  test('revoking the current key leaves another one signing, whether or not there was a next one', async () => {
    const [one, two] = [await open(), await open()];
    const [first, second] = [one.current('ES256').kid ?? '', one.current('Ed25519').kid ?? ''];
    const [published] = await one.rotate({ algs: ['ES256'] });
    expect(await one.revoke(first)).toMatchObject({ kid: published?.kid, alg: 'ES256', state: 'current' });
    const fresh = await one.revoke(second);
    expect(fresh).toMatchObject({ alg: 'Ed25519', state: 'current', signsUntil: undefined });
    await eventually(() => two.current('Ed25519').kid === fresh.kid);
    for (const keys of [one, two]) expect(kids(keys)).not.toEqual(expect.arrayContaining([first]));
    expect(statesOf(await one.list())).toEqual(SIGNING_ALGS.map((alg) => `${alg} current`));
  });

  test('revoking a next key lets the current one go on; a retiring one just goes', async () => {
    const keys = await open();
    const first = keys.current('ES256').kid;
    const [published] = await keys.rotate({ algs: ['ES256'] });
    expect(await keys.revoke(published?.kid ?? '')).toMatchObject({ kid: first, signsUntil: undefined });
    const [young] = await keys.rotate({ algs: ['ES256'], immediately: true });
    expect(await keys.revoke(first ?? '')).toMatchObject({ kid: young?.kid });
    expect(await keys.list()).toHaveLength(3);
    await expect(keys.revoke(first ?? '')).rejects.toThrow('there is no such signing key');
  });

  test('revoking at two instances at once never leaves an algorithm without a key', async () => {
    const [one, two] = [await open(), await open()];
    const [published] = await one.rotate({ algs: ['ES256'] });
    const first = one.current('ES256').kid ?? '';
    await Promise.all([one.revoke(first), two.revoke(published?.kid ?? '')]);
    const [left, ...more] = (await one.list()).filter(({ alg }) => alg === 'ES256');
    expect(more).toEqual([]);
    expect(left).toMatchObject({ state: 'current', signsUntil: undefined });
    expect([first, published?.kid]).not.toContain(left?.kid);
  });

  test('every start seals the private halves under the newest secret key', async () => {
    const first = kids(await open());
    const reopen = async (...secretKeys: number[]) => {
      const seals = createSeals(secretKeys.map((byte) => Buffer.alloc(32, byte)));
      const keys = await createKeys({ db: database(), seals, log: { error: () => {} } });
      keys.close();
      return kids(keys);
    };
    expect(await reopen(2, 1)).toEqual(first);
    expect(await reopen(2)).toEqual(first);
    await expect(reopen(1)).rejects.toThrow(SealedUnderAnotherKey);
  });
});

/** Time is the database's: letting it pass is moving what has happened into the past. */
async function pass(db: Database, seconds: number): Promise<void> {
  await db.query(
    `update signing_keys
        set created_at = created_at - $1 * interval '1 s', signs_from = signs_from - $1 * interval '1 s',
            signs_until = signs_until - $1 * interval '1 s'`,
    [seconds],
  );
}

const kids = (keys: Keys) => keys.all().map(({ kid }) => kid);
const statesOf = (keys: SigningKey[]) => keys.map(({ alg, state }) => `${alg} ${state}`);
const secondsFromNow = (time: Date | undefined) => ((time?.getTime() ?? 0) - Date.now()) / 1000;
