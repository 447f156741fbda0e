import { beforeEach, describe, expect, test } from '@jest/globals';
import { createSeals } from '#src/crypto/index.ts';
import { createResending } from '#src/webhooks/resend.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { finished, NOBODY, NOWHERE, newSharedSecret, withWebhooks } from './support.ts';

describe.each(ENGINES)('/webhooks/:id/deliveries on %s', (engine) => {
  const world = withWebhooks(engine);
  const api = () => world().api;
  const target = () => world().target;
  beforeEach(() => {
    target().status = 200;
  });

  /** A webhook that hears of clients, and the making of so many of them told to it. */
  async function told(count: number) {
    const since = new Date();
    const clients = Array.from({ length: count }, (_, i) => `told-${Date.now().toString(36)}-${i}`);
    const { id } = await world().make({ url: target().url, events: ['client.created'], client_ids: clients });
    for (const client_id of clients) {
      await api().post('/clients', { client_id, grant_types: ['client_credentials'] });
    }
    const path = `/webhooks/${id}`;
    const of = async (query = '') => (await api().get(`${path}/deliveries${query}`)).body;
    await eventually(async () => (await of('?status=delivered')).items.length === count, 10_000);
    const received = () => target().received.filter(({ body }) => clients.includes(body?.data?.client_id));
    return { id, path, of, received, clients, since };
  }

  test('a test sends a sample to this webhook alone, by the way of all deliveries', async () => {
    const { id } = await world().make({ url: target().url });
    const { status, body } = await api().post(`/webhooks/${id}/test`);
    expect({ status, body }).toEqual({
      status: 202,
      body: {
        id: expect.any(String),
        event_id: expect.any(String),
        type: 'webhook.test',
        time: expect.any(String),
        status: expect.stringMatching(/pending|delivered/),
        attempts: expect.any(Number),
        next_attempt_at: body.status === 'pending' ? expect.any(String) : null,
        gives_up_at: expect.any(String),
        finished_at: body.status === 'pending' ? null : expect.any(String),
        last_attempt: body.status === 'pending' ? null : expect.any(Object),
      },
    });
    const delivery = await finished(world(), id, body.id);
    const attempt = {
      at: expect.any(String),
      duration_ms: expect.any(Number),
      status: 200,
      error: null,
      answer: 'thank you',
    };
    expect(delivery).toEqual({
      ...body,
      status: 'delivered',
      attempts: 1,
      next_attempt_at: null,
      finished_at: expect.any(String),
      last_attempt: attempt,
      attempt_log: [attempt],
      data: { webhook_id: id, sample: true },
    });
    const [got, ...more] = target().received.filter(({ headers }) => headers['webhook-id'] === body.event_id);
    expect(more).toEqual([]);
    expect(got?.body).toEqual({ id: body.event_id, type: 'webhook.test', time: body.time, data: delivery.data });
    expect((await api().get(`/webhooks/${id}`)).body.last_success_at).toEqual(expect.any(String));
  });

  test('the sample of a notification looks like one, and is good for nothing', async () => {
    const shared_secret = newSharedSecret();
    const { id } = await world().make({
      url: target().url,
      format: 'notification',
      events: undefined,
      client_ids: ['nobody'],
      shared_secret,
    });
    const { body } = await api().post(`/webhooks/${id}/test`);
    const delivery = await finished(world(), id, body.id);
    const got = target().received.find(({ headers }) => headers['webhook-id'] === body.event_id);
    expect(got?.headers['x-mintmark-shared-secret']).toBe(shared_secret);
    expect(got?.body).toEqual({
      auth_code: expect.stringContaining('sample'),
      new_oauth_token: expect.stringContaining('sample'),
      refresh_token: expect.stringContaining('sample'),
      old_refresh_token: '',
      notification_type: 'new',
    });
    expect(delivery).toMatchObject({ status: 'delivered', type: 'webhook.test' });
    expect(delivery).not.toHaveProperty('data');

    const again = await api().post(`/webhooks/${id}/deliveries/${body.id}/redeliver`);
    expect(again).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/erased/) } });
  });

  test('they are listed newest first, page by page and by status', async () => {
    const { of, received } = await told(3);
    const first = await of('?limit=2');
    const second = await of(`?limit=2&cursor=${first.next_cursor}`);
    expect([first.items.length, second.items.length, second.next_cursor]).toEqual([2, 1, null]);
    const all = (await of()).items;
    expect([...first.items, ...second.items]).toEqual(all);
    expect(all.map(({ event_id }: { event_id: string }) => event_id).sort()).toEqual(
      received()
        .map(({ headers }) => headers['webhook-id'])
        .sort(),
    );
    expect(await of('?status=pending')).toEqual({ items: [], next_cursor: null });
    expect((await of('?status=delivered')).items).toHaveLength(3);
  });

  test('one tells what was said', async () => {
    const { path, of, clients } = await told(1);
    const [{ id }] = (await of()).items;
    const { body } = await api().get(`${path}/deliveries/${id}`);
    expect(body.data).toMatchObject({ client_id: clients[0] });
  });

  test('one that was delivered is sent again, under the same id', async () => {
    const { id: webhookId, path, of, received } = await told(1);
    const [{ id, event_id }] = (await of()).items;
    const { status, body } = await api().post(`${path}/deliveries/${id}/redeliver`);
    expect({ status, body }).toMatchObject({ status: 202, body: { id, event_id } });
    await eventually(() => received().length === 2, 10_000);
    expect(received().map(({ headers }) => headers['webhook-id'])).toEqual([event_id, event_id]);
    expect(received()[1]?.body).toEqual(received()[0]?.body);
    const delivery = await finished(world(), webhookId, id);
    expect(delivery).toMatchObject({ status: 'delivered', attempts: 1 });
    expect(delivery.attempt_log).toHaveLength(2);
  });

  test('one that failed does not wait for its next try when somebody asks for it', async () => {
    target().status = 500;
    const { id } = await world().make({ url: target().url });
    const { body } = await api().post(`/webhooks/${id}/test`);
    const path = `/webhooks/${id}/deliveries/${body.id}`;
    await eventually(async () => (await api().get(path)).body.attempts === 1, 10_000);
    const failed = (await api().get(path)).body;
    expect(failed).toMatchObject({ status: 'pending', last_attempt: { status: 500, answer: 'thank you' } });
    expect(Date.parse(failed.next_attempt_at)).toBeGreaterThan(Date.now());

    target().status = 200;
    expect(await api().post(`${path}/redeliver`)).toMatchObject({ status: 202 });
    expect(await finished(world(), id, body.id)).toMatchObject({
      status: 'delivered',
      attempts: 2,
      gives_up_at: failed.gives_up_at,
    });
  });

  test('a range is replayed: all of it, nothing else, under the same ids', async () => {
    const { id, path, of, received, since } = await told(3);
    const [newest, middle, oldest] = (await of()).items
      .sort((a: any, b: any) => Date.parse(b.time) - Date.parse(a.time))
      .map(({ time }: { time: string }) => time);
    expect([newest, middle, oldest]).toEqual([newest, middle, oldest].sort().reverse());

    const nothing = { from: '2020-01-01T00:00:00Z', to: since.toISOString() };
    expect(await api().post(`${path}/replay`, nothing)).toMatchObject({ status: 202, body: { replayed: 0 } });
    const all = { from: since.toISOString(), to: new Date(Date.now() + 1_000).toISOString() };
    expect(await api().post(`${path}/replay`, all)).toMatchObject({ status: 202, body: { replayed: 3 } });
    await eventually(() => received().length === 6, 10_000);
    const ids = received().map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(3);
    for (const delivery of (await of()).items) await finished(world(), id, delivery.id);
  });

  test('what it was not told, because it was not there, is replayed too', async () => {
    const { clients, since } = await told(2);
    const { id } = await world().make({ url: target().url, events: ['client.created'], client_ids: clients });
    const range = { from: since.toISOString(), to: new Date(Date.now() + 1_000).toISOString() };
    expect(await api().post(`/webhooks/${id}/replay`, range)).toMatchObject({ body: { replayed: 2 } });
    const { items } = (await api().get(`/webhooks/${id}/deliveries`)).body;
    expect(items).toHaveLength(2);
    for (const delivery of items) {
      expect(await finished(world(), id, delivery.id)).toMatchObject({ status: 'delivered' });
    }
  });

  test('nothing is sent while it is paused, so nothing is asked for', async () => {
    const { path, of } = await told(1);
    const [{ id }] = (await of()).items;
    await api().patch(path, { status: 'paused' });
    const range = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    const PAUSED = { status: 409, body: { detail: expect.stringMatching(/paused/) } };
    expect(await api().post(`${path}/test`)).toMatchObject(PAUSED);
    expect(await api().post(`${path}/replay`, range)).toMatchObject(PAUSED);
    expect(await api().post(`${path}/deliveries/${id}/redeliver`)).toMatchObject(PAUSED);
  });

  test('a delivery is found below its own webhook only', async () => {
    const { of } = await told(1);
    const [{ id }] = (await of()).items;
    const other = `/webhooks/${(await world().make({ url: NOWHERE })).id}/deliveries`;
    for (const path of [`${other}/${id}`, `${other}/${NOBODY}`, `${other}/x`, `/webhooks/${NOBODY}/deliveries/${id}`]) {
      expect(await api().get(path)).toMatchObject({ status: 404 });
      expect(await api().post(`${path}/redeliver`)).toMatchObject({ status: 404 });
    }
  });
});

describe.each(ENGINES)('a replay of very much on %s', (engine) => {
  const database = withDatabase(engine);

  test('is in batches, none left out; of too much it is refused', async () => {
    const db = database();
    await db.query(
      `insert into webhooks (id, url, format, event_types, position, created_by)
       values ($1, 'https://ops.example', 'event', '{login.failed}', 100000, 'client:a')`,
      [NOBODY],
    );
    const happened = (count: number, second: number) =>
      db.query(
        `insert into events (type, position, created_at)
         select 'login.failed', nextval('event_positions'), timestamptz '2026-01-01Z' + make_interval(secs => $2)
           from generate_series(1, $1)`,
        [count, second],
      );
    // More than a batch of one and the same instant, and of one millisecond.
    await happened(1_100, 0.0001);
    await happened(10, 0.0002);
    await happened(9_500, 1);
    const { replay } = createResending({ db, seals: createSeals([Buffer.alloc(32)]) });
    const day = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-01-02T00:00:00Z') };
    await expect(replay(NOBODY, day)).rejects.toThrow(/to: is more than 10000 events away/);
    expect(await replay(NOBODY, { ...day, to: new Date('2026-01-01T00:00:01Z') })).toBe(1_110);
    const { rows } = await db.query<{ count: number }>('select count(*)::int as count from webhook_deliveries');
    expect(rows).toEqual([{ count: 1_110 }]);
  });
});
