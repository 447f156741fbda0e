import { describe, expect, test } from '@jest/globals';
import { createSeals } from '#src/crypto/index.ts';
import { createTargets } from '#src/webhooks/sending/target.ts';
import { createSubscriptions } from '#src/webhooks/subscriptions.ts';
import { ENGINES, withDatabase } from '../support/database.ts';

describe.each(ENGINES)('deleting a notification on %s', (engine) => {
  const database = withDatabase(engine);

  test('erases the tokens that waited for it, unless another one waits for them', async () => {
    const db = database();
    const targets = createTargets({ networks: [], allowLoopback: false });
    const { create, remove } = createSubscriptions({ db, seals: createSeals([Buffer.alloc(32)]), targets });
    const made = () =>
      create({
        url: 'https://ops.example',
        format: 'notification',
        eventTypes: ['token.issued'],
        clientIds: undefined,
        sharedSecret: undefined,
        createdBy: 'client:a',
      });
    const [first, second] = [await made(), await made()];
    await db.query(
      `insert into events (type, client_id, sealed, position) values ('token.issued', 'a', '\\x00', nextval('event_positions'))`,
    );
    const left = async () => (await db.query('select from events where sealed is not null')).rowCount;
    await remove(first.webhook.id);
    expect(await left()).toBe(1);
    await remove(second.webhook.id);
    expect(await left()).toBe(0);
  });

  test('erases what came while it was paused too, and one that is gone waits for nothing', async () => {
    const db = database();
    const targets = createTargets({ networks: [], allowLoopback: false });
    const { create, remove } = createSubscriptions({ db, seals: createSeals([Buffer.alloc(32)]), targets });
    const wanted = { url: 'https://ops.example', format: 'notification', eventTypes: ['token.issued'] } as const;
    const others = { clientIds: ['b'], sharedSecret: undefined, createdBy: 'client:b' };
    const [paused, gone] = [await create({ ...wanted, ...others }), await create({ ...wanted, ...others })];
    const pause = (id: string, reason: string) =>
      db.query(`update webhooks set status = 'paused', paused_reason = $2 where id = $1`, [id, reason]);
    const happens = () =>
      db.query(`insert into events (type, client_id, sealed) values ('token.issued', 'b', '\\x00')`);
    const left = async () =>
      (await db.query(`select from events where sealed is not null and client_id = 'b'`)).rowCount;

    await pause(paused.webhook.id, 'requested');
    await pause(gone.webhook.id, 'gone');
    // Nobody gives it a position while no webhook is active.
    await happens();
    expect(await left()).toBe(1);
    await remove(paused.webhook.id);
    expect(await left()).toBe(0);
    await happens();
    expect(await left()).toBe(0);
  });
});
