import { describe, expect, test } from '@jest/globals';
import type { Pats } from '#src/pats/index.ts';
import type { TokenList } from '#src/tokens/index.ts';
import { ENGINES } from '../support/database.ts';
import { age, api, DAY, make, makeAccount, OWN_API, rotate, withRoom } from './room.ts';

interface Lists {
  readonly pats: Pats;
  readonly list: TokenList;
}

/** What both lists say of it, and under which status they find it. */
async function statusIn({ pats, list }: Lists, accountId: string, id: string) {
  const page = { after: '', limit: 10 };
  const pat = await pats.find(accountId, id);
  const { items } = await pats.list({ accountId, status: pat?.status }, page);
  const token = await list.find(id);
  const listed = await list.list({ accountId, kind: 'pat', status: token?.status }, page);
  expect([items, listed.items].map((found) => found.some((one) => one.id === id))).toEqual([true, true]);
  return [pat?.status, token?.status];
}

const both = (status: string) => [status, status];

describe.each(ENGINES)('A personal access token that is good for nothing as things are, on %s', (engine) => {
  const room = withRoom(engine);

  test('is suspended where none are accepted', async () => {
    const { db, another, ...here } = room();
    const owner = await makeAccount(db);
    const [kept, own, revoked, expired, replaced] = [
      await make(here.pats, owner),
      await make(here.pats, owner, { audience: OWN_API, scopes: ['account:read'] }),
      await make(here.pats, owner),
      await make(here.pats, owner, { expiresInDays: 1 }),
      await make(here.pats, owner),
    ];
    await here.pats.revoke(owner, revoked.pat.id, 'test');
    await age(db, expired.pat.id, 2 * DAY);
    await rotate(here.pats, owner, replaced.pat.id);
    const off = await another({ enabled: false });
    for (const { pat } of [kept, own]) {
      expect(await statusIn(off, owner, pat.id)).toEqual(both('suspended'));
      expect(await statusIn(here, owner, pat.id)).toEqual(both('live'));
    }
    expect(await statusIn(off, owner, revoked.pat.id)).toEqual(both('revoked'));
    expect(await statusIn(off, owner, expired.pat.id)).toEqual(both('expired'));
    expect(await statusIn(off, owner, replaced.pat.id)).toEqual(['replaced', 'revoked']);
    await off.close();
  });

  test('is suspended while its API has none of its scopes', async () => {
    const { db, apis, ...here } = room();
    const owner = await makeAccount(db);
    const shrinking = { ...api('Shrinking', ['a', 'b', 'c']), identifier: 'https://suspending.example' };
    await apis.create(shrinking);
    const { pat } = await make(here.pats, owner, { audience: shrinking.identifier, scopes: ['a', 'b'] });
    const keep = (...scopes: string[]) => apis.update(shrinking.identifier, () => api('Shrinking', scopes));
    await keep('b');
    expect(await statusIn(here, owner, pat.id)).toEqual(both('live'));
    await keep('ab', 'c');
    expect(await statusIn(here, owner, pat.id)).toEqual(both('suspended'));
    await expect(rotate(here.pats, owner, pat.id)).rejects.toThrow('does not live any more');
    await keep('a');
    expect(await statusIn(here, owner, pat.id)).toEqual(both('live'));
    await apis.remove(shrinking.identifier);
    expect(await statusIn(here, owner, pat.id)).toEqual(both('revoked'));
  });

  test('is suspended while its policy allows none, unless something else ended it for good', async () => {
    const { db, policies, accounts, rules, ...here } = room();
    const base = await policies.get('default');
    const policy = await policies.create({ ...base, name: `Perhaps ${engine}` });
    const governed = async () => {
      const owner = await makeAccount(db);
      await db.query('update users set policy_id = $2 where id = $1', [owner, policy.id]);
      return { owner, ...(await make(here.pats, owner)) };
    };
    const [kept, ruled, disabled, replaced, taken] = [
      await governed(),
      await governed(),
      await governed(),
      await governed(),
      await governed(),
    ];
    const allow = (allowed: boolean) =>
      policies.update(policy.id, (present) => ({ ...present, pats: { allowed, maxDays: null } }));
    await rotate(here.pats, replaced.owner, replaced.pat.id);
    await allow(false);
    for (const { owner, pat } of [kept, ruled, disabled, taken]) {
      expect(await statusIn(here, owner, pat.id)).toEqual(both('suspended'));
    }
    await rules.create({ accountId: ruled.owner, reason: 'test', by: 'test' });
    await accounts.disable(disabled.owner, null);
    await here.revocation.revokeId(taken.pat.id, { by: 'test' });
    for (const { owner, pat } of [ruled, disabled, taken]) {
      expect(await statusIn(here, owner, pat.id)).toEqual(both('revoked'));
    }
    expect(await statusIn(here, replaced.owner, replaced.pat.id)).toEqual(['replaced', 'revoked']);
    await accounts.enable(disabled.owner);
    await allow(true);
    expect(await statusIn(here, kept.owner, kept.pat.id)).toEqual(both('live'));
    for (const { owner, pat } of [ruled, disabled, taken]) {
      expect(await statusIn(here, owner, pat.id)).toEqual(both('revoked'));
    }
  });
});
