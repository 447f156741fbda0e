import { describe, expect, test } from '@jest/globals';
import { ENGINES } from '../support/database.ts';
import { NOBODY, NOWHERE, newSharedSecret, withWebhooks } from './support.ts';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

describe.each(ENGINES)('/webhooks on %s', (engine) => {
  const world = withWebhooks(engine);
  const api = () => world().api;

  test('one is made of a URL and what it listens to', async () => {
    const wanted = { url: NOWHERE, format: 'event', events: ['login.failed', 'user.locked'], client_ids: ['shop'] };
    const { status, body, headers } = await api().post('/webhooks', wanted);
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(UUID),
        ...wanted,
        has_shared_secret: false,
        status: 'active',
        paused_reason: null,
        failing_since: null,
        rests_until: null,
        last_success_at: null,
        created_by: `client:${world().server.admin.client_id}`,
        created_at: expect.any(String),
        updated_at: expect.any(String),
        signing_secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      },
    });
    expect(headers.get('location')).toBe(`/api/v1/webhooks/${body.id}`);
    const { signing_secret, ...shown } = body;
    expect((await api().get(`/webhooks/${body.id}`)).body).toEqual(shown);
    expect((await api().get('/webhooks?limit=500')).body.items).toContainEqual(shown);
  });

  test('a notification tells of tokens, and need not say so', async () => {
    const shared_secret = newSharedSecret();
    const made = await world().make({ format: 'notification', events: undefined, shared_secret });
    expect(made).toMatchObject({ events: ['token.issued'], client_ids: null, has_shared_secret: true });
    expect(JSON.stringify(made)).not.toContain(shared_secret);
    await world().make({ format: 'notification', events: ['token.issued'] });
    expect(JSON.stringify((await api().get('/webhooks?limit=500')).body)).not.toContain(shared_secret);
  });

  test('a patch changes what it names; null takes away', async () => {
    const { id } = await world().make({ format: 'notification', events: undefined, client_ids: ['shop'] });
    const patched = async (patch: object) => (await api().patch(`/webhooks/${id}`, patch)).body;
    expect(await patched({ url: `${NOWHERE}2` })).toMatchObject({ url: `${NOWHERE}2`, client_ids: ['shop'] });
    expect(await patched({ client_ids: null })).toMatchObject({ url: `${NOWHERE}2`, client_ids: null });
    expect(await patched({ shared_secret: newSharedSecret() })).toMatchObject({ has_shared_secret: true });
    expect(await patched({ client_ids: ['a', 'b'] })).toMatchObject({
      has_shared_secret: true,
      client_ids: ['a', 'b'],
    });
    expect(await patched({ shared_secret: null })).toMatchObject({ has_shared_secret: false });
  });

  test('what it listens to can be changed, its format cannot', async () => {
    const { id } = await world().make();
    const changed = await api().patch(`/webhooks/${id}`, { events: ['client.created'] });
    expect(changed).toMatchObject({ status: 200, body: { events: ['client.created'] } });
    expect(await api().patch(`/webhooks/${id}`, { format: 'notification' })).toMatchObject({ status: 400 });
  });

  test('it is paused and resumed', async () => {
    const { id } = await world().make();
    const patched = async (patch: object) => (await api().patch(`/webhooks/${id}`, patch)).body;
    expect(await patched({ status: 'paused' })).toMatchObject({ status: 'paused', paused_reason: 'requested' });
    expect(await patched({ url: `${NOWHERE}2` })).toMatchObject({ status: 'paused', paused_reason: 'requested' });
    expect(await patched({ status: 'active' })).toMatchObject({ status: 'active', paused_reason: null });
  });

  test('it is deleted, with its secrets', async () => {
    const { id } = await world().make();
    expect(await api().delete(`/webhooks/${id}`)).toMatchObject({ status: 204 });
    for (const path of [`/webhooks/${id}`, `/webhooks/${id}/secrets`, `/webhooks/${id}/deliveries`]) {
      expect(await api().get(path)).toMatchObject({ status: 404 });
    }
    expect(await api().delete(`/webhooks/${id}`)).toMatchObject({ status: 404 });
  });

  test('they are listed in order of creation, page by page', async () => {
    const made = [(await world().make()).id, (await world().make()).id, (await world().make()).id];
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await api().get(`/webhooks?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.next_cursor;
    }
    expect(seen.slice(-3)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test.each(['', 'nothing', NOBODY, NOBODY.toUpperCase(), `${NOBODY}%0A`])(
    'there is none called "%s"',
    async (name) => {
      const path = `/webhooks/${name || '%20'}`;
      expect(await api().get(path)).toMatchObject({ status: 404 });
      expect(await api().patch(path, { status: 'paused' })).toMatchObject({ status: 404 });
      expect(await api().delete(path)).toMatchObject({ status: 404 });
      expect(await api().post(`${path}/secrets`)).toMatchObject({ status: 404 });
      expect(await api().post(`${path}/test`)).toMatchObject({ status: 404 });
    },
  );
});
