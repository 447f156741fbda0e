import { describe, expect, test } from '@jest/globals';
import { createRetention } from '#src/tokens/index.ts';
import { ENGINES } from '../support/database.ts';
import { age, DAY, make, makeAccount, rotate, withRoom } from './room.ts';

describe.each(ENGINES)('The end of a personal access token on %s', (engine) => {
  const room = withRoom(engine);

  test('which are about to expire is told once, and not of those that ended', async () => {
    const { db, pats, second } = room();
    const owner = await makeAccount(db);
    const near = await make(pats, owner, { expiresInDays: 30 });
    const far = await make(pats, owner, { expiresInDays: 30 });
    const short = await make(pats, owner, { expiresInDays: 2 });
    const ended = await make(pats, owner, { expiresInDays: 30 });
    const replaced = await make(pats, owner, { expiresInDays: 30 });
    await age(db, near.pat.id, 23 * DAY + 60);
    await age(db, far.pat.id, 22 * DAY);
    await age(db, ended.pat.id, 29 * DAY);
    await age(db, replaced.pat.id, 29 * DAY);
    await pats.revoke(owner, ended.pat.id, 'test');
    await rotate(pats, owner, replaced.pat.id, 86_400);
    const warned = async () => {
      expect(await Promise.all([pats.warnExpiring(), second.pats.warnExpiring()])).toEqual(
        Array(2).fill({ more: false }),
      );
      const { rows } = await db.query<{ id: string }>(
        `select data ->> 'token_id' as id from events where type = 'pat.expiring' and account_id = $1 order by id`,
        [owner],
      );
      return rows.map(({ id }) => id);
    };
    expect(await warned()).toEqual([near.pat.id]);
    await age(db, short.pat.id, DAY + 60);
    expect(await warned()).toEqual([near.pat.id, short.pat.id].toSorted());
    expect(await warned()).toHaveLength(2);
  });

  test('what has been over for long is kept nowhere', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const { pat } = await make(pats, owner, { expiresInDays: 1 });
    await age(db, pat.id, 2 * DAY);
    const { rows } = await createRetention({ db, keep: 0 }).removeDead();
    expect(rows).toMatchObject({ pats: 1 });
    expect(await pats.find(undefined, pat.id)).toBeUndefined();
  });
});
