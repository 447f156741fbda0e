import { describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { type Database, openDatabase } from '#src/db/index.ts';
import { patValue } from '#src/oauth/pat-value.ts';
import type { Pats } from '#src/pats/index.ts';
import { ENGINES, freshDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { API, age, api, DAY, eventsOf, FROM, make, makeAccount, OWN_API, openInstance, withRoom } from './room.ts';

/** The first character of the secret is another one. */
const mistyped = (token: string) => token.replace(/^mmp_./, (start) => (start === 'mmp_A' ? 'mmp_B' : 'mmp_A'));
const refusal = async (pats: Pats, token: string, audience = API) =>
  (await pats.authenticate(token, audience, FROM)).refused;
/** Whatever it is for. */
async function usernameOf(db: Database, id: string): Promise<string | undefined> {
  const { rows } = await db.query<{ username: string }>('select username from users where id = $1', [id]);
  return rows[0]?.username;
}

const refusalAnywhere = async (pats: Pats, token: string) => (await pats.authenticate(token, undefined, FROM)).refused;

describe.each(ENGINES)('Using a personal access token on %s', (engine) => {
  const room = withRoom(engine);

  test('says whose it is and what it may do, on every instance', async () => {
    const { db, pats, second } = room();
    const owner = await makeAccount(db);
    const { token, pat } = await make(pats, owner);
    for (const instance of [pats, second.pats]) {
      const { createdAt, expiresAt } = pat;
      const whose = { accountId: owner, username: await usernameOf(db, owner) };
      const usable = { id: pat.id, ...whose, scopes: ['things:read'], audience: API, format: 'opaque' };
      expect(await instance.authenticate(token, API, FROM)).toEqual({ pat: { ...usable, createdAt, expiresAt } });
      expect(await refusalAnywhere(instance, token)).toBeUndefined();
      expect(await refusal(instance, token, `${API}/others`)).toBe('audience');
      expect(await refusal(instance, token, OWN_API)).toBe('audience');
    }
  });

  test('what is no such token is refused', async () => {
    const { db, pats } = room();
    const { token, pat } = await make(pats, await makeAccount(db));
    const malformed = ['', 'mmp_', mistyped(token), `${token}0`, token.slice(0, -1), ` ${token}`, `${token}\n`, pat.id];
    for (const value of [...malformed, 'a.b.c', 'x'.repeat(100_000), `mmp_${'.'.repeat(20_000)}`]) {
      expect(await refusal(pats, value)).toBe('malformed');
    }
    expect(await refusal(pats, patValue('A'.repeat(43)))).toBe('unknown');
  });

  test('a wrong checksum is refused without a question to the database', async () => {
    const fresh = await freshDatabase(engine);
    const db = await openDatabase(fresh.config);
    const { pats, close } = await openInstance(db);
    await close();
    await db.close();
    const token = patValue('A'.repeat(43));
    await expect(pats.authenticate(token, API, FROM)).rejects.toThrow();
    expect(await refusal(pats, mistyped(token))).toBe('malformed');
    expect(await pats.report([mistyped(token)], FROM)).toBe(0);
    await fresh.drop();
  });

  test('when and from where it was last used is known, and the first time is told', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const { token, pat } = await make(pats, owner);
    await pats.authenticate(token, API, { ip: '198.51.100.3', userAgent: undefined });
    await pats.authenticate(token, API, { ip: '198.51.100.4', userAgent: undefined });
    await eventually(async () => (await pats.find(owner, pat.id))?.lastUsedIp !== undefined);
    const found = await pats.find(owner, pat.id);
    expect(found?.lastUsedIp).toBe('198.51.100.3');
    expect(Math.abs(Date.now() - (found?.lastUsedAt?.getTime() ?? 0))).toBeLessThan(10_000);
    expect(await eventsOf(db, pat.id)).toEqual(['pat.created', 'pat.first_used']);
  });

  test('by its name, for another API, or to be revoked it is not used', async () => {
    const { db, pats, another } = room();
    const owner = await makeAccount(db);
    const [opaque, jwt] = [await make(pats, owner), await make(pats, owner, { format: 'jwt' })];
    const shown = await another({});
    const jti = decodeJwt(jwt.token).jti ?? '';
    expect(await shown.tokens.find(jti)).toMatchObject({ id: jwt.pat.id });
    expect(await shown.tokens.authenticate(jti, API)).toBeUndefined();
    for (const { token, pat } of [opaque, jwt]) {
      expect(await refusal(shown.pats, token, `${API}/others`)).toBe('audience');
      expect((await shown.pats.authenticate(token, API, FROM, { noted: false })).pat).toBeDefined();
      expect(await shown.pats.findValue(token)).toMatchObject({ id: pat.id, status: 'live' });
    }
    await shown.close();
    for (const { pat } of [opaque, jwt]) {
      expect(await pats.find(owner, pat.id)).toMatchObject({ lastUsedAt: undefined, lastUsedIp: undefined });
      expect(await eventsOf(db, pat.id)).toEqual(['pat.created']);
    }
  });

  test('its last use is one of its uses, written once a minute whoever saw it', async () => {
    const { db, pats, another } = room();
    const owner = await makeAccount(db);
    const { token, pat } = await make(pats, owner);
    const useFrom = async (ip: string | undefined) => {
      const instance = await another({});
      await instance.pats.authenticate(token, API, { ip, userAgent: undefined });
      await instance.close();
      return pats.find(owner, pat.id);
    };
    const aMinutePasses = () =>
      db.query(`update tokens set last_used_at = last_used_at - interval '61 seconds' where id = $1`, [
        Buffer.from(pat.id, 'hex'),
      ]);
    const first = await useFrom('198.51.100.3');
    expect(first).toMatchObject({ lastUsedAt: expect.any(Date), lastUsedIp: '198.51.100.3' });
    expect(await useFrom('198.51.100.4')).toEqual(first);
    await aMinutePasses();
    const later = await useFrom('198.51.100.5');
    expect(later?.lastUsedIp).toBe('198.51.100.5');
    expect(+(later?.lastUsedAt ?? 0)).toBeGreaterThanOrEqual(+(first?.lastUsedAt ?? 0));
    await aMinutePasses();
    // An API that asks does not say where it was used.
    expect(await useFrom(undefined)).toMatchObject({ lastUsedIp: '198.51.100.5' });
    expect(await eventsOf(db, pat.id)).toEqual(['pat.created', 'pat.first_used']);
  });

  test('it expires by itself', async () => {
    const { db, pats } = room();
    const { token, pat } = await make(pats, await makeAccount(db), { expiresInDays: 1 });
    await age(db, pat.id, DAY + 1);
    expect(await refusal(pats, token)).toBe('expired');
    expect(await pats.find(undefined, pat.id)).toMatchObject({ status: 'expired' });
  });

  describe('ends at once', () => {
    test('when its owner is disabled, and does not come back', async () => {
      const { db, pats, second, accounts } = room();
      const owner = await makeAccount(db);
      const { token } = await make(pats, owner);
      await second.accounts.disable(owner, null);
      expect(await refusal(pats, token)).toBe('revoked');
      await accounts.enable(owner);
      expect(await refusal(pats, token)).toBe('revoked');
    });

    test('when its owner is gone', async () => {
      const { db, pats, accounts } = room();
      const owner = await makeAccount(db);
      const { token } = await make(pats, owner);
      await accounts.remove(owner);
      expect(await refusal(pats, token)).toBe('revoked');
    });

    test('when its API is deleted, also when another one takes the name', async () => {
      const { db, pats, apis } = room();
      const owner = await makeAccount(db);
      const short = { ...api('Short', ['short:read']), identifier: 'https://short.example' };
      await apis.create(short);
      const { token } = await make(pats, owner, { audience: short.identifier, scopes: ['short:read'] });
      expect(await refusalAnywhere(pats, token)).toBeUndefined();
      await apis.remove(short.identifier);
      expect(await refusalAnywhere(pats, token)).toBe('revoked');
      await apis.create(short);
      expect(await refusalAnywhere(pats, token)).toBe('revoked');
    });

    test('when its policy forbids them', async () => {
      const { db, pats, policies } = room();
      const owner = await makeAccount(db);
      const base = await policies.get('default');
      const policy = await policies.create({ ...base, name: 'Perhaps' });
      await db.query('update users set policy_id = $2 where id = $1', [owner, policy.id]);
      const { token } = await make(pats, owner);
      const revoked = await make(pats, owner);
      const allow = (allowed: boolean) =>
        policies.update(policy.id, (present) => ({ ...present, pats: { allowed, maxDays: null } }));
      await allow(false);
      expect(await refusal(pats, token)).toBe('suspended');
      await pats.revoke(owner, revoked.pat.id, 'somebody');
      await allow(true);
      expect(await refusal(pats, token)).toBeUndefined();
      // What was taken back while none were good must not come back with the others.
      expect(await refusal(pats, revoked.token)).toBe('revoked');
    });

    test('when they are switched off', async () => {
      const { db, pats, another } = room();
      const { token } = await make(pats, await makeAccount(db));
      const off = await another({ enabled: false });
      expect(await refusal(off.pats, token)).toBe('suspended');
      expect(await refusal(off.pats, patValue('A'.repeat(43)))).toBe('unknown');
      expect(await off.tokens.find(token)).toBeUndefined();
      await off.close();
      expect(await refusal(pats, token)).toBeUndefined();
    });
  });

  test('has no scope that its API does not have any more', async () => {
    const { db, pats, apis } = room();
    const shrinking = { ...api('Shrinking', ['a', 'b', 'c']), identifier: 'https://shrinking.example' };
    await apis.create(shrinking);
    const { token } = await make(pats, await makeAccount(db), { audience: shrinking.identifier, scopes: ['a', 'b'] });
    const keep = (...scopes: string[]) => apis.update(shrinking.identifier, () => api('Shrinking', scopes));
    await keep('b', 'c');
    expect((await pats.authenticate(token, undefined, FROM)).pat?.scopes).toEqual(['b']);
    await keep('c');
    expect(await refusalAnywhere(pats, token)).toBe('suspended');
  });

  test('lives through a restart', async () => {
    const fresh = await freshDatabase(engine);
    const run = async <T>(work: (instance: Awaited<ReturnType<typeof openInstance>>) => Promise<T>) => {
      const db = await openDatabase(fresh.config);
      const instance = await openInstance(db);
      const result = await work(instance);
      await instance.close();
      await db.close();
      return result;
    };
    const made = await run(async ({ db, apis, pats }) => {
      await apis.create({ ...api('Things', ['things:read']), identifier: API });
      const owner = await makeAccount(db);
      const [kept, revoked] = [await make(pats, owner), await make(pats, owner)];
      await pats.revoke(owner, revoked.pat.id, 'test');
      await pats.authenticate(kept.token, API, FROM);
      return { kept, revoked };
    });
    await run(async ({ pats }) => {
      expect(await refusal(pats, made.kept.token)).toBeUndefined();
      expect(await refusal(pats, made.revoked.token)).toBe('revoked');
      expect(await pats.find(undefined, made.kept.pat.id)).toMatchObject({ lastUsedIp: FROM.ip });
    });
    await fresh.drop();
  });
});
