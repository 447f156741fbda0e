import { describe, expect, test } from '@jest/globals';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import { createPats, type Pats } from '#src/pats/index.ts';
import { ENGINES } from '../support/database.ts';
import { API, age, DAY, eventsOf, FROM, make, makeAccount, rotate, WANTED, withRoom } from './room.ts';

const refusal = async (pats: Pats, token: string) => (await pats.authenticate(token, API, FROM)).refused;

describe.each(ENGINES)('Rotating a personal access token on %s', (engine) => {
  const room = withRoom(engine);

  test('gives a successor of the same rights and lifetime, and ends the old one', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const old = await make(pats, owner, { scopes: ['things:read', 'things:write'], expiresInDays: 7 });
    await age(db, old.pat.id, 3 * DAY);
    const next = await rotate(pats, owner, old.pat.id);
    const { name, scopes, audience, format, family } = old.pat;
    expect(next.pat).toMatchObject({ name, scopes, audience, format, family, status: 'live' });
    expect(next.pat.id).not.toBe(old.pat.id);
    expect(next.pat.expiresAt.getTime() - next.pat.createdAt.getTime()).toBe(7 * DAY * 1000);
    expect(await refusal(pats, next.token)).toBeUndefined();
    expect(await pats.find(owner, old.pat.id)).toMatchObject({ status: 'replaced', replacedAt: expect.any(Date) });
  });

  test('of two at once, one wins: there is never a second successor', async () => {
    const { db, pats, second } = room();
    const owner = await makeAccount(db);
    const { pat } = await make(pats, owner);
    const raced = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => rotate(i % 2 ? pats : second.pats, owner, pat.id)),
    );
    expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const lost of raced) if (lost.status === 'rejected') expect(lost.reason).toBeInstanceOf(Conflict);
    expect((await pats.list({ accountId: owner, status: 'live' }, { after: '', limit: 10 })).items).toHaveLength(1);
    await expect(rotate(pats, owner, pat.id)).rejects.toBeInstanceOf(Conflict);
  });

  test('raced with the end of all: nothing lives afterwards', async () => {
    const { db, pats, second } = room();
    for (let round = 0; round < 10; round += 1) {
      const owner = await makeAccount(db);
      const { pat } = await make(pats, owner);
      await Promise.allSettled([rotate(pats, owner, pat.id, 60), second.pats.revokeAll(owner, 'test')]);
      const { items } = await pats.list({ accountId: owner, status: 'live' }, { after: '', limit: 10 });
      // Who asked later than the end of all has asked for a new one; a rotation needs a living one.
      expect(items).toEqual([]);
    }
  });

  test('within the overlap both are good', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const old = await make(pats, owner);
    const next = await rotate(pats, owner, old.pat.id, 600);
    for (const { token } of [old, next]) expect(await refusal(pats, token)).toBeUndefined();
    expect(await pats.find(owner, old.pat.id)).toMatchObject({ status: 'live', replacedAt: expect.any(Date) });
    await age(db, old.pat.id, 599);
    for (const { token } of [old, next]) expect(await refusal(pats, token)).toBeUndefined();
  });

  test('use of the old one after the overlap ends the family, once', async () => {
    const { db, pats, second, audit } = room();
    const owner = await makeAccount(db);
    const first = await make(pats, owner);
    const middle = await rotate(pats, owner, first.pat.id, 600);
    const last = await rotate(pats, owner, middle.pat.id, 600);
    const stranger = await make(pats, owner);
    await age(db, first.pat.id, 601);
    const raced = await Promise.all([refusal(pats, first.token), refusal(second.pats, first.token)]);
    expect(raced).toContain('replaced');
    for (const { token } of [first, middle, last]) expect(await refusal(pats, token)).toBe('revoked');
    expect(await refusal(pats, stranger.token)).toBeUndefined();
    expect(await eventsOf(db, first.pat.id)).toEqual(['pat.created', 'pat.reuse_detected']);
    expect((await eventsOf(db, last.pat.id)).filter((type) => type === 'pat.revoked')).toHaveLength(1);
    const { items } = await audit.list({ target: `user:${owner}`, action: 'pat.reuse' }, { after: '', limit: 10 });
    expect(items).toMatchObject([{ actor: 'anybody', outcome: 'failure', from: FROM }]);
  });

  test('without an overlap the first use is reuse', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const old = await make(pats, owner);
    const next = await rotate(pats, owner, old.pat.id);
    expect(await refusal(pats, old.token)).toBe('replaced');
    expect(await refusal(pats, next.token)).toBe('revoked');
  });

  test('an old one that would have expired anyway ends nothing', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const old = await make(pats, owner, { expiresInDays: 1 });
    const next = await rotate(pats, owner, old.pat.id);
    await age(db, old.pat.id, DAY + 1);
    expect(await refusal(pats, old.token)).toBe('replaced');
    expect(await refusal(pats, next.token)).toBeUndefined();
  });

  test('in an overlap takes a place of its own among the hundred, and without one takes the place of the old one', async () => {
    const { db, pats, second } = room();
    const owner = await makeAccount(db);
    const made = [];
    for (let i = 0; i < 98; i += 1) made.push((await pats.create(owner, WANTED, FROM)).pat.id);
    const raced = await Promise.allSettled(
      made.slice(0, 5).map((id, i) => rotate(i % 2 ? pats : second.pats, owner, id, 600)),
    );
    expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const living = async () =>
      (await pats.list({ accountId: owner, status: 'live' }, { after: '', limit: 200 })).items.length;
    expect(await living()).toBe(100);
    await expect(rotate(pats, owner, made[5] ?? '', 1)).rejects.toThrow('no more than 100');
    await expect(rotate(pats, owner, made[5] ?? '')).resolves.toBeDefined();
    expect(await living()).toBe(100);
  });

  test('that is refused takes no place in a status list', async () => {
    const { pats, owner, taken, close } = await withTaken();
    const old = await make(pats, owner, { format: 'jwt' });
    expect(taken()).toBe(1);
    await rotate(pats, owner, old.pat.id);
    expect(taken()).toBe(2);
    await expect(rotate(pats, owner, old.pat.id)).rejects.toBeInstanceOf(Conflict);
    const revoked = await make(pats, owner, { format: 'jwt' });
    await pats.revoke(owner, revoked.pat.id, 'test');
    await expect(rotate(pats, owner, revoked.pat.id)).rejects.toBeInstanceOf(Conflict);
    expect(taken()).toBe(3);
    await close();
  });

  test('one too many, or for who may not come in, takes no place in a status list either', async () => {
    const { pats, owner, taken, close, ...here } = await withTaken();
    for (let i = 0; i < 100; i += 1) await pats.create(owner, WANTED, FROM);
    await expect(make(pats, owner, { format: 'jwt' })).rejects.toBeInstanceOf(Conflict);
    const disabled = await makeAccount(here.db);
    await here.accounts.disable(disabled, null);
    await expect(make(pats, disabled, { format: 'jwt' })).rejects.toBeInstanceOf(Conflict);
    expect(taken()).toBe(0);
    await close();
  });

  /** Counts the entries of status lists that were given out. */
  async function withTaken() {
    const here = room();
    let count = 0;
    const take = () => {
      count += 1;
      return here.statusLists.take();
    };
    const pats = createPats({ ...here, settings: here.pats.limits, statusLists: { ...here.statusLists, take } });
    return { ...here, pats, owner: await makeAccount(here.db), taken: () => count, close: pats.close };
  }

  test('does not carry a token past what ended it, or past what is allowed now', async () => {
    const { db, pats, another } = room();
    const owner = await makeAccount(db);
    const revoked = await make(pats, owner);
    await pats.revoke(owner, revoked.pat.id, 'test');
    await expect(rotate(pats, owner, revoked.pat.id)).rejects.toBeInstanceOf(Conflict);
    const expired = await make(pats, owner, { expiresInDays: 1 });
    await age(db, expired.pat.id, DAY + 1);
    await expect(rotate(pats, owner, expired.pat.id)).rejects.toBeInstanceOf(Conflict);
    const long = await make(pats, owner, { expiresInDays: 90 });
    const { pats: stricter, close } = await another({ defaultDays: 1, maxDays: 2 });
    const { pat } = await rotate(stricter, owner, long.pat.id);
    expect(pat.expiresAt.getTime() - pat.createdAt.getTime()).toBe(2 * DAY * 1000);
    await close();
  });

  test('is for its owner, and of an overlap that makes sense', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const { pat } = await make(pats, owner);
    await expect(rotate(pats, await makeAccount(db), pat.id)).rejects.toBeInstanceOf(NotFound);
    for (const id of ['', 'x', '0'.repeat(64)]) await expect(rotate(pats, owner, id)).rejects.toBeInstanceOf(NotFound);
    for (const overlap of [-1, 1.5, 86_401, Number.NaN]) {
      await expect(rotate(pats, owner, pat.id, overlap)).rejects.toBeInstanceOf(Invalid);
    }
    await expect(rotate(pats, owner, pat.id, 86_400)).resolves.toBeDefined();
  });
});
