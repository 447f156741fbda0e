import { describe, expect, test } from '@jest/globals';
import { createRevocation, createTokenList, type Tokens } from '#src/tokens/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';

const ANN = '00000000-0000-4000-8000-000000000001';
const START = { after: '', limit: 2 };

describe.each(ENGINES)('Grants on %s', (engine) => {
  const database = withDatabase(engine);

  test('are listed while they are agreed to, signed out or not, and ended one by one or all', async () => {
    const db = database();
    const list = createTokenList({ db });
    const revocation = createRevocation({ db, list, tokens: {} as Tokens });
    await db.query(
      `insert into grants (id, account_id, client_id, consented, expires_at, revoked_at, signed_out, created_at)
       select id, $1, 'web', '{"openid":{"scope":"openid"}}', now() + expiry, revoked, signed_out, now() - ago
         from (values ('living', interval '1 day', null::timestamptz, false, interval '1 second'),
                      ('signed out', interval '1 day', now(), true, interval '2 seconds'),
                      ('ended', interval '1 day', now(), false, interval '3 seconds'),
                      ('expired', interval '-1 day', null, false, interval '4 seconds'),
                      ('oldest', interval '1 day', null, false, interval '5 seconds'))
           as g (id, expiry, revoked, signed_out, ago)`,
      [ANN],
    );
    const first = await list.listGrants(ANN, START);
    expect(first.items.map(({ id }) => id)).toEqual(['living', 'signed out']);
    const second = await list.listGrants(ANN, { ...START, after: first.next ?? '' });
    expect(second.items.map(({ id }) => id)).toEqual(['oldest']);
    expect(second.next).toBeUndefined();

    await revocation.endGrant(ANN, 'signed out', 'test');
    await expect(revocation.endGrant(ANN, 'signed out', 'test')).rejects.toThrow('no such grant');
    expect((await list.listGrants(ANN, START)).items.map(({ id }) => id)).toEqual(['living', 'oldest']);
    await revocation.endGrants(ANN, 'test');
    expect((await list.listGrants(ANN, START)).items).toEqual([]);
  });
});
