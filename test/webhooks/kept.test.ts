import { describe, expect, test } from '@jest/globals';
import { openDatabase } from '#src/db/index.ts';
import { createRetention } from '#src/tokens/index.ts';
import { behind } from '../support/behind.ts';
import { ENGINES } from '../support/database.ts';
import type { Server } from '../support/server.ts';
import { type Hook, provedGood, withWorld } from './support.ts';

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('What was delivered', () => {
  const world = withWorld('postgres');

  const older = (server: Server, days: number) =>
    behind(
      server,
      `with older as (
         update webhook_deliveries
            set created_at = created_at - make_interval(days => $1), finished_at = finished_at - make_interval(days => $1)
       )
       update events set created_at = created_at - make_interval(days => $1)`,
      [days],
    );

  /** As the job does it that comes round every minute, where the operator keeps nothing. */
  async function removeDead({ databaseUrl, dataDir }: Server): Promise<Readonly<Record<string, number>>> {
    const database = { engine: 'postgres', url: databaseUrl ?? '' } as const;
    const db = await openDatabase({ database, dataDir });
    const { rows } = await createRetention({ db, keep: 0 })
      .removeDead()
      .finally(() => db.close());
    return rows;
  }

  async function told(): Promise<Hook> {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    await provedGood(world(), hook);
    await world().change(client);
    await hook.received(1);
    await hook.settled();
    return hook;
  }

  test('can be read and sent again for a week, however short the retention time', async () => {
    const hook = await told();
    const { server } = world();
    await older(server, 6);
    expect(await removeDead(server)).toMatchObject({ webhook_attempts: 0, webhook_deliveries: 0, events: 0 });
    const [delivery] = await hook.deliveries();
    expect((await hook.delivery(delivery.id)).attempt_log).toHaveLength(1);
    expect((await hook.redeliver(delivery.id)).status).toBe(202);
    const [first, again] = await hook.received(2);
    expect(again?.id).toBe(first?.id);
    await hook.settled();
  });

  test('and is gone after it, with its log and its event', async () => {
    const hook = await told();
    const { server } = world();
    await older(server, 9);
    const rows = await removeDead(server);
    for (const table of ['webhook_attempts', 'webhook_deliveries', 'events']) expect(rows[table]).toBeGreaterThan(0);
    expect(await hook.deliveries()).toEqual([]);
  });

  test('what still waits keeps its event', async () => {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    await provedGood(world(), hook);
    hook.inbox.answer = () => ({ status: 400 });
    await world().change(client);
    await hook.received(1);
    await older(world().server, 30);
    await removeDead(world().server);
    hook.inbox.answer = () => ({ status: 204 });
    const [delivery] = await hook.deliveries('pending');
    await hook.redeliver(delivery.id);
    const [first, again] = await hook.received(2);
    expect(again?.id).toBe(first?.id);
  });
});
