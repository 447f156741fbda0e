import { describe, expect, test } from '@jest/globals';
import { openDatabase } from '#src/db/index.ts';
import { eraseOld } from '#src/webhooks/erasure.ts';
import { auditLog } from '../admin/support.ts';
import { behind } from '../support/behind.ts';
import { registerClient } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { FAMILY_CLIENT, family, type Hook, provedGood, SOON_MS, withWorld } from './support.ts';

const failures = async (hook: Hook) => {
  const all = await hook.deliveries();
  return all.reduce((sum: number, { attempts, status }) => sum + attempts - (status === 'delivered' ? 1 : 0), 0);
};

describe.each(ENGINES)('A target that fails on %s', (engine) => {
  const world = withWorld(engine);

  test('is left alone, and told everything in one go when it is back', async () => {
    const clients = await Promise.all([1, 2, 3, 4, 5, 6].map(() => world().client()));
    const hook = await world().hook({ client_ids: clients.map(({ client_id }) => client_id) });
    await provedGood(world(), hook);
    hook.inbox.answer = () => ({ status: 500 });
    for (const client of clients) await world().change(client);
    await eventually(async () => (await hook.look()).rests_until !== null, SOON_MS);
    const tried = hook.inbox.receipts.length;
    // Those under way at the first failure are one failure; then one at a time, up to the third.
    expect(tried).toBeLessThanOrEqual(clients.length + 2);
    const { failing_since, rests_until } = await hook.look();
    expect(Date.parse(failing_since)).toBeLessThan(Date.now());
    expect(Date.parse(rests_until) - Date.now()).toBeGreaterThan(5_000);
    expect(Date.parse(rests_until) - Date.now()).toBeLessThan(31_000);

    const witness = await world().hook();
    for (const client of clients) await world().change(client);
    await witness.received(clients.length);
    expect(hook.inbox.receipts).toHaveLength(tried);

    hook.inbox.answer = () => ({ status: 204 });
    const pending = await hook.deliveries('pending');
    for (const { id } of pending) await hook.redeliver(id);
    await eventually(async () => new Set(hook.inbox.receipts.map(({ id }) => id)).size === clients.length * 2, SOON_MS);
    await hook.settled();
    expect(await hook.look()).toMatchObject({ status: 'active', failing_since: null, rests_until: null });
  });

  test('is asked for one thing at a time until it has answered once', async () => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => world().client()));
    const hook = await world().hook({ client_ids: clients.map(({ client_id }) => client_id) });
    const waiting: (() => void)[] = [];
    hook.inbox.answer = () => new Promise((resolve) => waiting.push(() => resolve({ status: 204 })));
    for (const client of clients) await world().change(client);
    await hook.received(1);
    const witness = await world().hook();
    for (const client of clients) await world().change(client);
    await witness.received(clients.length);
    expect(hook.inbox.receipts).toHaveLength(1);
    waiting.shift()?.();
    await eventually(() => hook.inbox.receipts.length > 2, SOON_MS);
    hook.inbox.answer = () => ({ status: 204 });
    for (const answer of waiting) answer();
    await hook.settled();
    expect(hook.inbox.receipts).toHaveLength(clients.length * 2);
  });

  test('for good (410) is sent nothing more, and what waited for it is dead', async () => {
    const [first, second] = [await world().client(), await world().client()];
    const hook = await world().hook({ client_ids: [first.client_id, second.client_id] });
    await provedGood(world(), hook);
    const owner = await world().hook({ events: ['webhook.paused'] });
    hook.inbox.answer = () => ({ status: 422 });
    await world().change(first);
    await world().change(first);
    // The second waits for the first, which has had its answer: neither of them can be what is told 410.
    await eventually(async () => {
      const tries = (await hook.deliveries('pending')).map(({ attempts }: { attempts: number }) => attempts);
      return tries.length === 2 && Math.max(...tries) === 1;
    }, SOON_MS);
    hook.inbox.answer = () => ({ status: 410 });
    await world().change(second);

    const [receipt] = await owner.received(1);
    expect(receipt?.body).toMatchObject({ type: 'webhook.paused', data: { webhook_id: hook.id, reason: 'gone' } });
    expect(receipt?.body.data.origin).toBe(new URL(hook.inbox.url).origin);
    expect(await hook.look()).toMatchObject({ status: 'paused', paused_reason: 'gone' });
    expect(await hook.deliveries('pending')).toEqual([]);
    expect(await hook.deliveries('dead')).toHaveLength(3);
    const received = hook.inbox.receipts.length;
    await world().change(second);

    hook.inbox.answer = () => ({ status: 204 });
    await hook.change({ status: 'active' });
    await hook.received(received + 1);
    await hook.settled();
    expect(hook.inbox.receipts).toHaveLength(received + 1);
    expect(await hook.look()).toMatchObject({ status: 'active', paused_reason: null, failing_since: null });
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('After a day', () => {
  const world = withWorld('postgres');

  const aDayOlder = (hook: Hook) =>
    behind(
      world().server,
      `update webhooks set failing_since = failing_since - interval '1 day', rests_until = null where id = $1`,
      [hook.id],
    );
  const dueNow = (hook: Hook) =>
    behind(
      world().server,
      `update webhook_deliveries set due_at = now() where webhook_id = $1 and status = 'pending'`,
      [hook.id],
    );

  test.each([503, 404])('a target that answered everything with %i is paused, and its owner told', async (status) => {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    await provedGood(world(), hook);
    const owner = await world().hook({ events: ['webhook.paused'] });
    hook.inbox.answer = () => ({ status });
    await world().change(client);
    await eventually(async () => (await failures(hook)) === 1, SOON_MS);
    await aDayOlder(hook);
    await dueNow(hook);

    const [receipt] = await owner.received(1);
    expect(receipt?.body.data).toEqual({
      webhook_id: hook.id,
      reason: 'failing',
      origin: new URL(hook.inbox.url).origin,
    });
    expect(await hook.look()).toMatchObject({ status: 'paused', paused_reason: 'failing' });
    await eventually(
      async () => (await auditLog(world(), { action: 'webhook.pause', target: `webhook:${hook.id}` })).length === 1,
    );
    const [row] = await auditLog(world(), { action: 'webhook.pause', target: `webhook:${hook.id}` });
    expect(row).toMatchObject({ actor: 'mintmark', outcome: 'success', reason: 'failing' });

    // What it was not told is kept; somebody who has mended it goes on where it stopped.
    const received = hook.inbox.receipts.length;
    await dueNow(hook);
    await world().change(client);
    const witness = await world().hook({ client_ids: [client.client_id] });
    await world().change(client);
    await witness.received(1);
    expect(hook.inbox.receipts).toHaveLength(received);
    hook.inbox.answer = () => ({ status: 204 });
    await hook.change({ status: 'active' });
    await hook.received(received + 3);
    await hook.settled();
    expect(new Set(hook.inbox.receipts.map(({ id }) => id)).size).toBe(3);
  });

  test('one that has succeeded meanwhile is not', async () => {
    const [failing, working] = [await world().client(), await world().client()];
    const hook = await world().hook({ client_ids: [failing.client_id, working.client_id] });
    await provedGood(world(), hook);
    hook.inbox.answer = ({ body }) => ({ status: body.data.client_id === failing.client_id ? 422 : 204 });
    await world().change(failing);
    await eventually(async () => (await failures(hook)) === 1, SOON_MS);
    await aDayOlder(hook);
    await world().change(working);
    await eventually(async () => (await hook.look()).failing_since === null, SOON_MS);
    await dueNow(hook);
    await eventually(async () => (await failures(hook)) === 2, SOON_MS);
    expect(await hook.look()).toMatchObject({ status: 'active' });
  });

  test('and an hour, tokens that nobody took are erased', async () => {
    const app = await registerClient(world().api, FAMILY_CLIENT);
    const hook = await world().hook({ format: 'notification', events: undefined, client_ids: [app.client_id] });
    await provedGood(world(), hook);
    hook.inbox.answer = () => ({ status: 400 });
    const { refresh } = await family(world(), app);
    await eventually(async () => (await failures(hook)) === 1, SOON_MS);
    await refresh();
    await eventually(async () => (await hook.deliveries('pending')).length === 2, SOON_MS);
    await behind(
      world().server,
      `update events set created_at = created_at - interval '25 hours' where sealed is not null`,
    );

    // As the job does it that comes round every ten minutes.
    const database = { engine: 'postgres', url: world().server.databaseUrl ?? '' } as const;
    const db = await openDatabase({ database, dataDir: world().server.dataDir });
    await eraseOld(db).finally(() => db.close());
    expect(await hook.deliveries('dead')).toHaveLength(2);
    for (const { id } of await hook.deliveries()) expect((await hook.redeliver(id)).status).toBe(409);
  });
});

onPostgres('A target that answers, and takes its time', () => {
  const world = withWorld('postgres');

  test('counts among those that may hang, until it answers quickly', async () => {
    const { client, change, hook: make, server } = world();
    const [app, hook] = [await client(), await make()];
    await provedGood(world(), hook);
    const isSlow = async () => {
      const db = await openDatabase({
        database: { engine: 'postgres', url: server.databaseUrl ?? '' },
        dataDir: server.dataDir,
      });
      const { rows } = await db
        .query<{ slow: boolean }>('select may_hang(w) as slow from webhooks w where id = $1', [hook.id])
        .finally(() => db.close());
      return rows[0]?.slow;
    };
    hook.inbox.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 2_100));
      return { status: 204 };
    };
    await change(app);
    await hook.received(1);
    await hook.settled();
    expect(await isSlow()).toBe(true);
    hook.inbox.answer = () => ({ status: 204 });
    await change(app);
    await hook.received(2);
    await hook.settled();
    expect(await isSlow()).toBe(false);
  });
});
