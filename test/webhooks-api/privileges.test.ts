/** A notification carries the tokens of other people: nobody gets them by way of a webhook who is not `admin`. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { AdminApi } from '../support/clients.ts';
import { NOWHERE, withWebhooks } from './support.ts';

describe('an administrator who holds webhooks:write only', () => {
  const world = withWebhooks('embedded');
  let writer: AdminApi;
  let notification: any;

  beforeAll(async () => {
    writer = await world().holding('webhooks:write');
    notification = await world().make({ format: 'notification', events: undefined });
  });

  const FORBIDDEN = { status: 403, body: { detail: expect.stringContaining('needs the scope admin') } };

  test('makes, changes and deletes webhooks that are told of events', async () => {
    const { status, body } = await writer.post('/webhooks', {
      url: NOWHERE,
      format: 'event',
      events: ['webhook.paused'],
    });
    expect(status).toBe(201);
    expect(await writer.patch(`/webhooks/${body.id}`, { status: 'paused' })).toMatchObject({ status: 200 });
    expect(await writer.post(`/webhooks/${body.id}/secrets`)).toMatchObject({ status: 201 });
    expect(await writer.delete(`/webhooks/${body.id}`)).toMatchObject({ status: 204 });
  });

  test('makes none that receives tokens', async () => {
    expect(await writer.post('/webhooks', { url: NOWHERE, format: 'notification' })).toMatchObject(FORBIDDEN);
  });

  test('does not point one elsewhere, widen it, end it, or learn what signs for it', async () => {
    const path = `/webhooks/${notification.id}`;
    for (const patch of [{ url: `${NOWHERE}2` }, { client_ids: null }, { shared_secret: null }, { status: 'paused' }]) {
      expect(await writer.patch(path, patch)).toMatchObject(FORBIDDEN);
    }
    expect(await writer.post(`${path}/secrets`)).toMatchObject(FORBIDDEN);
    const [secret] = (await writer.get(`${path}/secrets`)).body.items;
    expect(await writer.delete(`${path}/secrets/${secret.id}`)).toMatchObject(FORBIDDEN);
    expect(await writer.delete(path)).toMatchObject(FORBIDDEN);
    const { signing_secret, ...unchanged } = notification;
    expect((await writer.get(path)).body).toEqual(unchanged);
  });

  test('may have sent to it what it would have got', async () => {
    expect(await writer.post(`/webhooks/${notification.id}/test`)).toMatchObject({ status: 202 });
  });
});

describe('who may only read webhooks', () => {
  const world = withWebhooks('embedded');

  test('sees them, and changes nothing', async () => {
    const reader = await world().holding('webhooks:read');
    const path = `/webhooks/${(await world().make()).id}`;
    for (const seen of [path, `${path}/secrets`, `${path}/deliveries`]) {
      expect(await reader.get(seen)).toMatchObject({ status: 200 });
    }
    const range = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    const FORBIDDEN = { status: 403, body: { detail: expect.stringContaining('webhooks:write') } };
    expect(await reader.patch(path, { status: 'paused' })).toMatchObject(FORBIDDEN);
    expect(await reader.delete(path)).toMatchObject(FORBIDDEN);
    expect(await reader.post(`${path}/secrets`)).toMatchObject(FORBIDDEN);
    expect(await reader.post(`${path}/test`)).toMatchObject(FORBIDDEN);
    expect(await reader.post(`${path}/replay`, range)).toMatchObject(FORBIDDEN);
  });

  test('who administers something else sees none', async () => {
    const stranger = await world().holding('clients:write');
    expect(await stranger.get('/webhooks')).toMatchObject({ status: 403 });
  });
});
