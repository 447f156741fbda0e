import { describe, expect, test } from '@jest/globals';
import { createSeals } from '#src/crypto/index.ts';
import { createSubscriptions } from '#src/webhooks/subscriptions.ts';
import { createTargets } from '#src/webhooks/target.ts';
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
});
