import { describe, expect, test } from '@jest/globals';
import { auditLog } from '../admin/support.ts';
import { NOWHERE, newSharedSecret, withWebhooks } from './support.ts';

describe('the audit log says of webhooks', () => {
  const world = withWebhooks('embedded');
  const newest = async () => (await auditLog(world(), { limit: '1' }))[0];

  test('who made, changed and deleted one, and no more of its URL than the origin', async () => {
    const url = `${NOWHERE}?key=not-for-the-log`;
    const made = await world().make({
      url,
      format: 'notification',
      events: undefined,
      shared_secret: newSharedSecret(),
    });
    const target = `webhook:${made.id}`;
    const path = `/webhooks/${made.id}`;
    expect(await newest()).toMatchObject({
      action: 'webhook.create',
      target,
      data: { format: 'notification', events: ['token.issued'], origin: 'http://127.0.0.1:9' },
    });
    await world().api.patch(path, { shared_secret: newSharedSecret() });
    expect(await newest()).toMatchObject({ action: 'webhook.update', target, data: { members: ['shared_secret'] } });

    const [{ id: first }] = (await world().api.get(`${path}/secrets`)).body.items;
    const { body: young } = await world().api.post(`${path}/secrets`);
    expect(await newest()).toMatchObject({ action: 'webhook_secret.create', target, data: { secret_id: young.id } });
    await world().api.delete(`${path}/secrets/${first}`);
    expect(await newest()).toMatchObject({ action: 'webhook_secret.delete', target, data: { secret_id: first } });

    await world().api.delete(path);
    expect(await newest()).toMatchObject({ action: 'webhook.delete', target, outcome: 'success' });
    expect(JSON.stringify(await auditLog(world(), { limit: '50' }))).not.toContain('not-for-the-log');
  });

  test('who had something sent', async () => {
    const { id } = await world().make();
    const target = `webhook:${id}`;
    const { body } = await world().api.post(`/webhooks/${id}/test`);
    expect(await newest()).toMatchObject({ action: 'webhook.test', target });
    await world().api.post(`/webhooks/${id}/deliveries/${body.id}/redeliver`);
    expect(await newest()).toMatchObject({ action: 'webhook.redeliver', target, data: { delivery_id: body.id } });
    const range = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    await world().api.post(`/webhooks/${id}/replay`, range);
    expect(await newest()).toMatchObject({ action: 'webhook.replay', target, data: { ...range, replayed: 0 } });
  });

  test('that somebody reached for tokens', async () => {
    const writer = await world().holding('webhooks:write');
    await writer.post('/webhooks', { url: NOWHERE, format: 'notification' });
    expect(await newest()).toMatchObject({ action: 'webhook.create', outcome: 'failure', reason: '403 Forbidden' });
  });

  test('nothing of what somebody took for an id', async () => {
    const { signing_secret: secret } = await world().make();
    await world().api.delete(`/webhooks/${encodeURIComponent(secret)}`);
    const row = await newest();
    expect(row).toMatchObject({ action: 'webhook.delete', outcome: 'failure', target: null });
    expect(JSON.stringify(row)).not.toContain(secret);
  });
});
