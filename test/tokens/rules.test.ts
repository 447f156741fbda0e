import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Database } from '#src/db/index.ts';
import { createRevocationRules, type RuleConditions } from '#src/tokens/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { listen } from '../support/listening.ts';

const DAY = 86_400_000;
const ANN = '00000000-0000-4000-8000-000000000001';
const BOB = '00000000-0000-4000-8000-000000000002';

/** One token of each combination of these. */
async function fill(db: Database): Promise<void> {
  await db.query(`insert into clients (client_id, registration) values ('web', '{}'), ('cli', '{}')`);
  await db.query(`insert into users (id, username, username_key) values ($1, 'ann', 'ann'), ($2, 'bob', 'bob')`, [
    ANN,
    BOB,
  ]);
  await db.query(
    `insert into tokens (id, kind, format, client_id, account_id, scope, audience, issued_at, expires_at, remainder)
     select sha256((kind || client || coalesce(account::text, '-') || scope || audience)::bytea), kind, 'opaque', client,
            account, scope, case when kind = 'access_token' then audience end, now(), now() + interval '1 hour',
            case when kind = 'access_token' then '{}' else jsonb_build_object('resource', jsonb_build_array(audience)) end
       from unnest(array['access_token', 'refresh_token']) kind, unnest(array['web', 'cli']) client,
            unnest(array[null, $1, $2]::uuid[]) account, unnest(array['a', 'a b', 'b c']) scope,
            unnest(array['urn:one', 'urn:two']) audience`,
    [ANN, BOB],
  );
}

/** Every combination of conditions, some of which match nothing. */
function* combinations(): Generator<RuleConditions> {
  for (const accountId of [undefined, ANN])
    for (const clientId of [undefined, 'web', ANN])
      for (const scope of [undefined, 'b'])
        for (const audience of [undefined, 'urn:two'])
          for (const kind of [undefined, 'refresh_token' as const]) {
            const rule = { accountId, clientId, scope, audience, kind };
            if (Object.values(rule).some((condition) => condition !== undefined)) yield rule;
          }
}

describe.each(ENGINES)('Revocation rules on %s', (engine) => {
  const database = withDatabase(engine);
  const living = async () =>
    Number((await database().query<{ n: string }>('select count(*) as n from token_states where lives')).rows[0]?.n);

  beforeAll(() => fill(database()));

  test('count exactly what they end, in every combination of conditions', async () => {
    const rules = createRevocationRules({ db: database() });
    const all = await living();
    expect(all).toBe(72);
    for (const conditions of combinations()) {
      const counted = await rules.count(conditions);
      const { matches } = await rules.create({ ...conditions, reason: 'x', by: 'test' });
      const ended = all - (await living());
      expect({ conditions, counted, matches }).toEqual({ conditions, counted: ended, matches: ended });
      await database().query('delete from revocation_rules');
    }
  });

  test('do not count what another rule has ended before', async () => {
    const rules = createRevocationRules({ db: database() });
    const first = await rules.create({ accountId: ANN, reason: 'x', by: 'test' });
    expect(first.matches).toBe(24);
    expect(await rules.count({ clientId: 'web' })).toBe(24);
    expect((await rules.create({ clientId: 'web', reason: 'x', by: 'test' })).matches).toBe(24);
    expect((await rules.create({ clientId: 'web', reason: 'x', by: 'test' })).matches).toBe(0);
    await database().query('delete from revocation_rules');
  });

  test('stay until the longest-lived token, issued or being issued, is over', async () => {
    const rules = createRevocationRules({ db: database() });
    const expiry = async () => {
      const { rule } = await rules.create({ clientId: 'cli', reason: 'x', by: 'test' });
      return Math.round((rule.expiresAt.getTime() - Date.now()) / DAY);
    };
    expect(await expiry()).toBe(14);
    await database().query(`update clients set refresh_token_ttl = 86400 * 20 where client_id = 'web'`);
    expect(await expiry()).toBe(20);
    await database().query(`update tokens set expires_at = now() + interval '300 days' where client_id = 'web'`);
    expect(await expiry()).toBe(300);
  });

  test('are on record, with who made them and why', async () => {
    await listen(database());
    const rules = createRevocationRules({ db: database() });
    const { rule } = await rules.create({ accountId: BOB, kind: 'device_code', reason: 'a theft', by: 'client:ops' });
    const { rows } = await database().query(
      `select type, client_id, account_id, data from events order by id desc limit 1`,
    );
    expect(rows[0]).toEqual({
      type: 'revocation_rule.created',
      client_id: null,
      account_id: BOB,
      data: { rule_id: rule.id, scope: null, audience: null, kind: 'device_code', reason: 'a theft', by: 'client:ops' },
    });
  });
});
