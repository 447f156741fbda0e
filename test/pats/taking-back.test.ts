import { describe, expect, test } from '@jest/globals';
import { patValue } from '#src/oauth/pat-value.ts';
import type { Pats } from '#src/pats/index.ts';
import { ENGINES } from '../support/database.ts';
import { openMailbox } from '../support/mailbox.ts';
import {
  API,
  age,
  DAY,
  deadlockedOnce,
  eventsOf,
  FROM,
  make,
  makeAccount,
  openInstance,
  rotate,
  withRoom,
} from './room.ts';

const lives = async (pats: Pats, token: string) => (await pats.authenticate(token, API, FROM)).pat !== undefined;

describe.each(ENGINES)('Taking back personal access tokens on %s', (engine) => {
  const room = withRoom(engine);

  test('one by its id, by its owner and nobody else', async () => {
    const { db, pats, second } = room();
    const owner = await makeAccount(db);
    const [one, other] = [await make(pats, owner), await make(pats, owner)];
    expect(await pats.revoke(await makeAccount(db), one.pat.id, 'test')).toBe(false);
    expect(await pats.revoke(owner, 'nonsense', 'test')).toBe(false);
    expect(await pats.revoke(owner, one.pat.id, 'test')).toBe(true);
    expect(await pats.revoke(owner, one.pat.id, 'test')).toBe(false);
    expect(await lives(second.pats, one.token)).toBe(false);
    expect(await lives(second.pats, other.token)).toBe(true);
    expect(await pats.find(owner, one.pat.id)).toMatchObject({ status: 'revoked' });
    expect(await eventsOf(db, one.pat.id)).toEqual(['pat.created', 'pat.revoked']);
  });

  test('by anybody who uses it at this moment: whoever asks afterwards is refused', async () => {
    const { db, pats, second } = room();
    const owner = await makeAccount(db);
    const { pat, token } = await make(pats, owner);
    const uses = Array.from({ length: 40 }, (_, i) => lives(i % 2 ? pats : second.pats, token));
    await pats.revoke(owner, pat.id, 'test');
    const after = await Promise.all(Array.from({ length: 20 }, (_, i) => lives(i % 2 ? pats : second.pats, token)));
    expect(after).not.toContain(true);
    await Promise.all(uses);
  });

  test('by its value, and as any token by the token store', async () => {
    const { db, pats, revocation } = room();
    const owner = await makeAccount(db);
    const [one, two, three] = [await make(pats, owner), await make(pats, owner), await make(pats, owner)];
    expect(await pats.revokeValue(one.token, 'test')).toMatchObject({ id: one.pat.id, status: 'revoked' });
    expect(await pats.revokeValue(one.token, 'test')).toBeUndefined();
    expect(await pats.revokeValue(patValue('B'.repeat(43)), 'test')).toBeUndefined();
    expect(await revocation.revokeValue(two.token, { by: 'test' })).toBe(1);
    expect(await revocation.revokeId(three.pat.id, { by: 'test' })).toBe(1);
    for (const { token } of [one, two, three]) expect(await lives(pats, token)).toBe(false);
    expect(await eventsOf(db, three.pat.id)).toEqual(expect.arrayContaining(['pat.created', 'pat.revoked']));
  });

  test('one that was replaced gives its theft away, whoever revokes it by its id', async () => {
    const { db, pats, revocation } = room();
    const owner = await makeAccount(db);
    const old = await make(pats, owner);
    const next = await rotate(pats, owner, old.pat.id);
    expect(await revocation.revokeId(old.pat.id, { by: 'test' })).toBe(0);
    expect(await pats.revoke(owner, old.pat.id, 'test')).toBe(false);
    expect(await pats.find(owner, old.pat.id)).toMatchObject({ status: 'replaced' });
    expect((await pats.authenticate(old.token, API, FROM)).refused).toBe('replaced');
    expect(await lives(pats, next.token)).toBe(false);
  });

  test('is tried again when Postgres ends it for another one that waits', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const [one, two, old] = [await make(pats, owner), await make(pats, owner), await make(pats, owner)];
    const next = await rotate(pats, owner, old.pat.id);
    const unlucky = async <T>(work: (there: Pats) => Promise<T>): Promise<T> => {
      const there = await openInstance(deadlockedOnce(db));
      return work(there.pats).finally(there.close);
    };
    expect(await unlucky((there) => there.revoke(owner, one.pat.id, 'test'))).toBe(true);
    expect(await unlucky((there) => there.authenticate(old.token, API, FROM))).toEqual({ refused: 'replaced' });
    expect(await lives(pats, next.token)).toBe(false);
    expect(await unlucky((there) => there.revokeAll(owner, 'test'))).toBe(1);
    expect(await lives(pats, two.token)).toBe(false);
  });

  test('by its value without saying who one is: as a report, that is written down', async () => {
    const { db, pats, audit } = room();
    const owner = await makeAccount(db);
    const { pat } = await make(pats, owner, { name: 'Deploy' });
    await pats.revokeShown(pat.id, FROM);
    await pats.revokeShown(pat.id, FROM);
    expect(await eventsOf(db, pat.id)).toEqual(['pat.created', 'pat.revoked']);
    const { items } = await audit.list({ target: `user:${owner}` }, { after: '', limit: 10 });
    expect(items).toMatchObject([
      {
        actor: 'anybody',
        action: 'pat.revoke',
        outcome: 'success',
        from: FROM,
        data: { token_id: pat.id, name: 'Deploy' },
      },
    ]);
  });

  test('all of one user', async () => {
    const { db, pats } = room();
    const [owner, other] = [await makeAccount(db), await makeAccount(db)];
    const mine = [await make(pats, owner), await make(pats, owner)];
    const theirs = await make(pats, other);
    expect(await pats.revokeAll(owner, 'test')).toBe(2);
    expect(await pats.revokeAll(owner, 'test')).toBe(0);
    for (const { token } of mine) expect(await lives(pats, token)).toBe(false);
    expect(await lives(pats, theirs.token)).toBe(true);
  });

  test('by rules: of a user, the account client, a scope, an API, a kind, before a moment', async () => {
    const { db, pats, rules } = room();
    const rule = (conditions: object) => rules.create({ ...conditions, reason: 'test', by: 'test' });
    const owner = await makeAccount(db);
    const old = await make(pats, owner);
    await age(db, old.pat.id, 3_600);
    const recent = await make(pats, owner);
    const { matches } = await rule({ accountId: owner, issuedBefore: new Date(Date.now() - 60_000) });
    expect([matches, await lives(pats, old.token), await lives(pats, recent.token)]).toEqual([1, false, true]);

    const writing = await make(pats, owner, { scopes: ['things:read', 'things:write'] });
    expect((await rule({ scope: 'things:write', accountId: owner })).matches).toBe(1);
    expect(await lives(pats, writing.token)).toBe(false);
    expect(await lives(pats, recent.token)).toBe(true);

    for (const conditions of [
      { audience: API, accountId: owner },
      { clientId: 'urn:mintmark:account' },
      { kind: 'pat' },
    ]) {
      const { token } = await make(pats, owner);
      const { rule: written, matches: taken } = await rule(conditions);
      expect(taken).toBeGreaterThanOrEqual(1);
      expect(await lives(pats, token)).toBe(false);
      // Nothing that it matches outlives it.
      expect(written.expiresAt.getTime()).toBeGreaterThan(Date.now() + 89.9 * DAY * 1000);
    }
    expect(await lives(pats, (await make(pats, owner)).token)).toBe(true);
  });

  test('raced with a rule, what a rotation gives is taken back too', async () => {
    const { db, pats, second } = room();
    const owner = await makeAccount(db);
    const { pat } = await make(pats, owner);
    const [rotated] = await Promise.allSettled([
      rotate(pats, owner, pat.id),
      second.rules.create({ accountId: owner, reason: 'test', by: 'test' }),
    ]);
    if (rotated.status === 'fulfilled') expect(await lives(pats, rotated.value.token)).toBe(false);
  });

  test('a thousand reports at once: possession is enough, and their owners are told', async () => {
    const { db, another, audit } = room();
    const mailbox = await openMailbox();
    const email = 'ann@example.com';
    const { pats, close } = await another({ smtpUrl: mailbox.settings.MINTMARK_SMTP_URL });
    const owner = await makeAccount(db, email);
    const found = [await make(pats, owner, { name: 'Deploy' }), await make(pats, owner, { name: 'Backup' })];
    const dead = await make(pats, owner);
    await pats.revoke(owner, dead.pat.id, 'test');
    const noise = Array.from({ length: 996 }, (_, i) => patValue(String(i).padStart(43, '0')));
    const tokens = found.map(({ token }) => token);
    const values = [...noise, ...tokens, dead.token, 'nonsense'];
    const [once, twice] = await Promise.all([pats.report(values, FROM), pats.report(values.toReversed(), FROM)]);
    expect(once + twice).toBe(2);
    for (const token of tokens) expect(await lives(pats, token)).toBe(false);
    const { items } = await audit.list({ target: `user:${owner}` }, { after: '', limit: 10 });
    expect(items.map(({ action, data }) => [action, data?.name]).toSorted()).toEqual([
      ['pat.report', 'Backup'],
      ['pat.report', 'Deploy'],
    ]);
    const letter = await mailbox.next(email);
    expect(letter.text).toMatch(/Deploy|Backup/);
    expect(await pats.find(owner, found[0]?.pat.id ?? '')).toMatchObject({ lastUsedAt: undefined });
    await close();
  });
});
