import { describe, expect, test } from '@jest/globals';
import { registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { restart } from '../support/server.ts';
import { FAMILY_CLIENT, family, newSharedSecret, provedGood, SOON_MS, withWorld } from './support.ts';

describe.each(ENGINES)('What happens is told on %s', (engine) => {
  const world = withWorld(engine);

  test('once, signed, as the API says that it was', async () => {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    await world().change(client);
    const [receipt] = await hook.received(1);
    expect(receipt?.body).toEqual({
      id: receipt?.id,
      type: 'client.updated',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data: expect.objectContaining({ client_id: client.client_id }),
    });
    expect(Object.values(receipt?.body.data)).not.toContain(null);
    expect(receipt?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Mintmark-Webhooks/1' });

    const [delivery, ...more] = await hook.settled();
    expect(more).toEqual([]);
    expect(delivery).toMatchObject({
      event_id: receipt?.id,
      status: 'delivered',
      attempts: 1,
      next_attempt_at: null,
      finished_at: expect.any(String),
      last_attempt: { status: 204, error: null, answer: null },
    });
    const { data } = await hook.delivery(delivery.id);
    expect(data).toEqual(receipt?.body.data);
    expect(await hook.look()).toMatchObject({
      status: 'active',
      failing_since: null,
      last_success_at: expect.any(String),
    });
    expect(hook.inbox.receipts).toHaveLength(1);
  });

  test('to those who listen to it, of the clients they named', async () => {
    const [mine, other] = [await world().client(), await world().client()];
    const all = await world().hook();
    const onlyMine = await world().hook({ client_ids: [mine.client_id] });
    const users = await world().hook({ events: ['user.disabled'] });
    const { id } = await registerUser(world().api);
    await world().change(other);
    await world().change(mine);
    await world().api.post(`/users/${id}/disable`, {});

    expect((await users.received(1))[0]?.body.data).toMatchObject({ user_id: id });
    const clientsOf = async (hook: typeof all, count: number) =>
      (await hook.received(count)).map(({ body }) => body.data.client_id);
    expect(await clientsOf(onlyMine, 1)).toEqual([mine.client_id]);
    expect((await clientsOf(all, 2)).sort()).toEqual([mine.client_id, other.client_id].sort());
    for (const hook of [all, onlyMine, users]) await hook.settled();
    expect(all.inbox.receipts).toHaveLength(2);
    expect(onlyMine.inbox.receipts).toHaveLength(1);
    expect(users.inbox.receipts).toHaveLength(1);
  });

  test('from when the webhook was made; while it is paused it waits', async () => {
    const client = await world().client();
    const earlier = await world().hook({ client_ids: [client.client_id] });
    await world().change(client);
    await earlier.received(1);
    const hook = await world().hook({ client_ids: [client.client_id] });
    await hook.change({ status: 'paused' });
    await world().change(client);
    const [, waiting] = await earlier.received(2);
    expect(hook.inbox.receipts).toEqual([]);
    await hook.change({ status: 'active' });
    const [receipt] = await hook.received(1);
    expect(receipt?.id).toBe(waiting?.id);
    await hook.settled();
    expect(hook.inbox.receipts).toHaveLength(1);
  });

  test('and nothing is sent to one that was deleted while it was being told', async () => {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    let answer = () => {};
    hook.inbox.answer = () => new Promise((resolve) => (answer = () => resolve({ status: 204 })));
    await world().change(client);
    await world().change(client);
    await hook.received(1);
    expect((await world().api.delete(`/webhooks/${hook.id}`)).status).toBe(204);
    answer();
    // Somebody else is told of the same, afterwards: by then it would have been.
    const witness = await world().hook({ client_ids: [client.client_id] });
    await world().change(client);
    await witness.received(1);
    expect(hook.inbox.receipts).toHaveLength(1);
  });

  test('with another secret and to another URL as soon as they are changed', async () => {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    const moved = world().receiver.inbox();
    await world().change(client);
    await hook.received(1);
    const { body } = await world().api.post(`/webhooks/${hook.id}/secrets`, { expires_previous_in: 0 });
    moved.trust(body.signing_secret);
    await hook.change({ url: moved.url });
    await world().change(client);
    await eventually(() => moved.receipts.length === 1, SOON_MS);
    expect(hook.inbox.receipts).toHaveLength(1);
  });
});

describe.each(ENGINES)('The bodies of notifications on %s', (engine) => {
  const world = withWorld(engine);

  test('are erased when the last one who waits for them has them', async () => {
    const app = await registerClient(world().api, FAMILY_CLIENT);
    const wanted = { format: 'notification', events: undefined, client_ids: [app.client_id] };
    const prompt = await world().hook({ ...wanted, shared_secret: newSharedSecret() });
    const late = await world().hook(wanted);
    for (const hook of [prompt, late]) await provedGood(world(), hook);
    late.inbox.answer = () => ({ status: 400 });
    await family(world(), app);

    const [first] = await prompt.received(1);
    await late.received(1);
    const ofToken = async (hook: typeof prompt) =>
      (await hook.deliveries()).find(({ type }: { type: string }) => type === 'token.issued');
    await eventually(async () => (await ofToken(prompt))?.status === 'delivered', SOON_MS);
    // Somebody else still waits for it, so there is something to send again.
    expect((await prompt.redeliver((await ofToken(prompt)).id)).status).toBe(202);
    await prompt.received(2);

    late.inbox.answer = () => ({ status: 204 });
    expect((await late.redeliver((await ofToken(late)).id)).status).toBe(202);
    const [, again] = await late.received(2);
    expect(again).toMatchObject({ id: first?.id, body: first?.body });
    for (const hook of [prompt, late]) {
      await eventually(async () => (await ofToken(hook)).status === 'delivered', SOON_MS);
      expect((await hook.redeliver((await ofToken(hook)).id)).status).toBe(409);
    }
  });

  test('are erased too when several are told of the same at the same moment', async () => {
    const app = await registerClient(world().api, FAMILY_CLIENT);
    const wanted = { format: 'notification', events: undefined, client_ids: [app.client_id] };
    const hooks = [];
    for (const _ of [1, 2, 3, 4]) hooks.push(await world().hook(wanted));
    let waiting = 0;
    const release: (() => void)[] = [];
    for (const { inbox } of hooks) {
      inbox.answer = () =>
        new Promise((resolve) => {
          waiting += 1;
          release.push(() => resolve({ status: 204 }));
        });
    }
    await family(world(), app);
    await eventually(() => waiting === hooks.length, SOON_MS);
    for (const answer of release) answer();
    for (const hook of hooks) {
      const [delivery] = await hook.settled();
      await eventually(async () => (await hook.redeliver(delivery.id)).status === 409, SOON_MS);
    }
  });
});

describe.each(ENGINES)('What was not told when the server stopped on %s', (engine) => {
  const world = withWorld(engine);

  test('is told by the next one', async () => {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    hook.inbox.answer = () => ({ status: 400 });
    await world().change(client);
    await world().change(client);
    await hook.received(1);
    await world().server.stop();
    hook.inbox.answer = () => ({ status: 204 });
    await restart(world().server);
    const failed = (await hook.deliveries('pending')).find(({ attempts }) => attempts > 0);
    await hook.redeliver(failed.id);
    await eventually(() => new Set(hook.inbox.receipts.map(({ id }) => id)).size === 2, SOON_MS);
  });
});
