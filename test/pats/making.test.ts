import { describe, expect, test } from '@jest/globals';
import { isOpaquePat } from '#src/oauth/pat-value.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import type { NewPat } from '#src/pats/index.ts';
import { ENGINES } from '../support/database.ts';
import { API, DAY, eventsOf, FROM, make, makeAccount, OWN_API, WANTED, withRoom } from './room.ts';

const lifetime = ({ createdAt, expiresAt }: { createdAt: Date; expiresAt: Date }) =>
  Math.round((expiresAt.getTime() - createdAt.getTime()) / 1000);

describe.each(ENGINES)('Making a personal access token on %s', (engine) => {
  const room = withRoom(engine);

  test('its value can be found by scanners, and no other answer holds it', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const { pat, token } = await make(pats, owner, { name: '  Nightly 🚀 build ' });
    expect(token).toMatch(/^mmp_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/);
    expect(isOpaquePat(token)).toBe(true);
    expect(pat).toMatchObject({
      accountId: owner,
      name: 'Nightly 🚀 build',
      scopes: ['things:read'],
      audience: API,
      format: 'opaque',
      status: 'live',
      family: pat.id,
      lastUsedAt: undefined,
      replacedAt: undefined,
      ...FROM,
    });
    expect(lifetime(pat) - 30 * DAY).toBeGreaterThanOrEqual(-1);
    expect(await pats.find(owner, pat.id)).toEqual(pat);
    expect(JSON.stringify(await pats.list({ accountId: owner }, { after: '', limit: 10 }))).not.toContain(token);
    expect(await eventsOf(db, pat.id)).toEqual(['pat.created']);
  });

  test.each<[what: string, wanted: Partial<NewPat>, path: string]>([
    ['an API that is not there', { audience: 'https://nowhere.example' }, 'audience'],
    ['an API by almost its name', { audience: `${API}/` }, 'audience'],
    ['a scope of another API', { scopes: ['things:read', 'others:read'] }, 'scopes.1'],
    ['a scope of OpenID Connect', { scopes: ['openid'] }, 'scopes.0'],
    ['an unknown scope', { scopes: ['things'] }, 'scopes.0'],
    ['two scopes in one', { scopes: ['things:read things:write'] }, 'scopes.0'],
    ['no scope', { scopes: [] }, 'scopes'],
    ['administration', { audience: OWN_API, scopes: ['admin'] }, 'scopes.0'],
    ['0 days', { expiresInDays: 0 }, 'expires_in_days'],
    ['91 days', { expiresInDays: 91 }, 'expires_in_days'],
    ['-1 day', { expiresInDays: -1 }, 'expires_in_days'],
    ['1.5 days', { expiresInDays: 1.5 }, 'expires_in_days'],
    ['no number of days', { expiresInDays: Number.NaN }, 'expires_in_days'],
    ['endless days', { expiresInDays: Number.POSITIVE_INFINITY }, 'expires_in_days'],
    ['no name', { name: '' }, 'name'],
    ['a blank name', { name: ' \u00a0 ' }, 'name'],
    ['a name of 101 characters', { name: 'x'.repeat(101) }, 'name'],
    ['a name of 10 kB', { name: 'x'.repeat(10_240) }, 'name'],
    ['a name with NUL', { name: 'a\0' }, 'name'],
    ['a name of two lines', { name: 'a\nb' }, 'name'],
    ['a name that steers a terminal', { name: 'a\u001b[31m' }, 'name'],
    ['a name that turns round what follows', { name: 'a\u202eb' }, 'name'],
    ['half a character', { name: 'a\ud800' }, 'name'],
  ])('%s is refused, and nothing is made', async (_what, wanted, path) => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const error = await make(pats, owner, wanted).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Invalid);
    expect((error as Invalid).faults.map((fault) => fault.path)).toEqual([path]);
    expect((await pats.list({ accountId: owner }, { after: '', limit: 1 })).items).toEqual([]);
  });

  test('what is out of range is told which range it is', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    await expect(make(pats, owner, { expiresInDays: 91 })).rejects.toThrow('a whole number, 1 to 90');
  });

  test.each([1, 90])('%s days are what is asked for', async (days) => {
    const { db, pats } = room();
    const { pat } = await make(pats, await makeAccount(db), { expiresInDays: days });
    expect(Math.abs(lifetime(pat) - days * DAY)).toBeLessThanOrEqual(1);
  });

  test('100 characters of any alphabet are a name', async () => {
    const { db, pats } = room();
    const { pat } = await make(pats, await makeAccount(db), { name: '🚀'.repeat(100) });
    expect(pat.name).toBe('🚀'.repeat(100));
  });

  test('of this server itself, only the account of its owner', async () => {
    const { db, pats } = room();
    const { pat } = await make(pats, await makeAccount(db), { audience: OWN_API, scopes: ['account:read'] });
    expect(pat.scopes).toEqual(['account:read']);
  });

  test('the settings and the policy say how long, and whether at all', async () => {
    const { db, policies, another } = room();
    const owner = await makeAccount(db);
    const short = await another({ defaultDays: 5, maxDays: 10 });
    expect(await short.pats.limitsFor(owner)).toEqual({ enabled: true, defaultDays: 5, maxDays: 10 });
    const base = await policies.get('default');
    const shorter = await policies.create({ ...base, name: 'Shorter', pats: { allowed: true, maxDays: 3 } });
    const none = await policies.create({ ...base, name: 'None', pats: { allowed: false, maxDays: null } });
    await db.query('update users set policy_id = $2 where id = $1', [owner, shorter.id]);
    expect(await short.pats.limitsFor(owner)).toEqual({ enabled: true, defaultDays: 3, maxDays: 3 });
    await expect(make(short.pats, owner, { expiresInDays: 4 })).rejects.toThrow('1 to 3');
    await db.query('update users set policy_id = $2 where id = $1', [owner, none.id]);
    await expect(make(short.pats, owner)).rejects.toBeInstanceOf(Conflict);
    await short.close();
    const off = await another({ enabled: false });
    await expect(make(off.pats, await makeAccount(db))).rejects.toBeInstanceOf(Conflict);
    await off.close();
  });

  test('nobody makes one for who is not there, or may not come in', async () => {
    const { db, pats, accounts } = room();
    const owner = await makeAccount(db);
    await accounts.disable(owner, null);
    await expect(make(pats, owner)).rejects.toBeInstanceOf(Conflict);
    for (const nobody of ['00000000-0000-4000-8000-000000000000', 'nobody', '']) {
      await expect(make(pats, nobody)).rejects.toBeInstanceOf(NotFound);
    }
  });

  test('a hundred may live, however many are asked for at once; one that ended makes room', async () => {
    const { db, pats, second } = room();
    const owner = await makeAccount(db);
    for (let i = 0; i < 98; i += 1) await pats.create(owner, WANTED, FROM);
    const raced = await Promise.allSettled(
      [0, 1, 2, 3].map((i) => (i % 2 ? pats : second.pats).create(owner, WANTED, FROM)),
    );
    expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const { items } = await pats.list({ accountId: owner, status: 'live' }, { after: '', limit: 200 });
    expect(items).toHaveLength(100);
    await pats.revoke(owner, items[0]?.id ?? '', 'test');
    await expect(make(pats, owner)).resolves.toBeDefined();
  });

  test('a list goes page by page, newest first, and by what it is filtered', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const first = await make(pats, owner, { scopes: ['things:read', 'things:write', 'things:read'] });
    const second = await make(pats, owner, { audience: `${API}/others`, scopes: ['others:read'] });
    const third = await make(pats, owner);
    await pats.revoke(undefined, third.pat.id, 'test');
    const ids = async (filter: object) =>
      (await pats.list({ accountId: owner, ...filter }, { after: '', limit: 10 })).items.map(({ id }) => id);
    expect(await ids({})).toEqual([third.pat.id, second.pat.id, first.pat.id]);
    expect(await ids({ status: 'revoked' })).toEqual([third.pat.id]);
    expect(await ids({ audience: `${API}/others` })).toEqual([second.pat.id]);
    expect(await ids({ scope: 'things:write' })).toEqual([first.pat.id]);
    const page = await pats.list({ accountId: owner }, { after: '', limit: 2 });
    expect(page.items).toHaveLength(2);
    const rest = await pats.list({ accountId: owner }, { after: page.next ?? '', limit: 2 });
    expect(rest).toMatchObject({ items: [{ id: first.pat.id }], next: undefined });
  });

  test('it stands in the list of all tokens too', async () => {
    const { db, pats, list } = room();
    const owner = await makeAccount(db);
    const { pat } = await make(pats, owner);
    const { items } = await list.list({ accountId: owner, kind: 'pat' }, { after: '', limit: 10 });
    expect(items).toMatchObject([{ id: pat.id, clientId: 'urn:mintmark:account', grantType: 'pat', status: 'live' }]);
  });
});
