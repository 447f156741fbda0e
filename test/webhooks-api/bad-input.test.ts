import { beforeAll, describe, expect, test } from '@jest/globals';
import { faultsOf, NOWHERE, withWebhooks } from './support.ts';

const event = { url: NOWHERE, format: 'event', events: ['login.failed'] };
const notification = { url: NOWHERE, format: 'notification' };

describe('a webhook that cannot be', () => {
  const world = withWebhooks('embedded');
  let there: any;
  beforeAll(async () => {
    there = await world().make();
  });

  test.each<[what: string, wanted: object, path: string]>([
    ['another scheme', { ...event, url: 'ftp://ops.example/hook' }, 'url'],
    ['no URL', { ...event, url: 'ops.example/hook' }, 'url'],
    ['an empty URL', { ...event, url: '' }, 'url'],
    ['credentials', { ...event, url: 'https://ann:secret@ops.example/hook' }, 'url'],
    ['a fragment', { ...event, url: 'https://ops.example/hook#a' }, 'url'],
    ['a URL without end', { ...event, url: `https://ops.example/${'x'.repeat(2_000)}` }, 'url'],
    ['an inside address', { ...event, url: 'https://10.0.0.1/hook' }, 'url'],
    ['the address of metadata', { ...event, url: 'http://169.254.169.254/latest/meta-data' }, 'url'],
    ['loopback in disguise', { ...event, url: 'http://[::ffff:127.0.0.1]/hook' }, 'url'],
    ['tokens over http', { ...notification, url: 'http://ops.example/hook' }, 'url'],
    ['an unknown event', { ...event, events: ['login.failed', 'login.dreamt'] }, 'events.1'],
    ['an event of its own', { ...event, events: ['webhook.test'] }, 'events.0'],
    ['an event twice', { ...event, events: ['login.failed', 'login.failed'] }, 'events.1'],
    ['nothing to listen to', { ...event, events: [] }, 'events'],
    ['nothing said of events', { ...event, events: undefined }, 'events'],
    ['a notification of something else', { ...notification, events: ['login.failed'] }, 'events'],
    ['a notification of more', { ...notification, events: ['token.issued', 'login.failed'] }, 'events'],
    ['no format', { ...event, format: undefined }, 'format'],
    ['another format', { ...event, format: 'xml' }, 'format'],
    ['no client of all clients', { ...event, client_ids: [] }, 'client_ids'],
    ['a client twice', { ...event, client_ids: ['a', 'a'] }, 'client_ids.1'],
    ['what is no client_id', { ...event, client_ids: ['a b'] }, 'client_ids.0'],
    ['a shared secret of an event', { ...event, shared_secret: 'x'.repeat(16) }, 'shared_secret'],
    ['an empty shared secret', { ...notification, shared_secret: '' }, 'shared_secret'],
    ['a long one', { ...notification, shared_secret: 'x'.repeat(257) }, 'shared_secret'],
    ['a second header in it', { ...notification, shared_secret: 'abcdefgh\r\nX-Admin: 1' }, 'shared_secret'],
  ])('%s is 422', async (_what, wanted, path) => {
    const answer = await world().api.post('/webhooks', wanted);
    expect(answer).toMatchObject({ status: 422 });
    expect(faultsOf(answer)).toContain(path);
    expect(JSON.stringify(answer.body)).not.toContain('ann:secret');
  });

  test.each<[what: string, wanted: object, path: string]>([
    ['an unknown member', { ...event, colour: 'red' }, 'colour'],
    ['a secret of one’s own', { ...event, signing_secret: 'whsec_x' }, 'signing_secret'],
    ['a list of URLs', { ...event, url: [NOWHERE] }, 'url'],
  ])('%s is 400', async (_what, wanted, path) => {
    const answer = await world().api.post('/webhooks', wanted);
    expect(answer).toMatchObject({ status: 400 });
    expect(faultsOf(answer)).toContain(path);
  });

  test.each<[patch: object, status: number, path: string]>([
    [{ url: 'http://169.254.169.254/' }, 422, 'url'],
    [{ events: ['login.dreamt'] }, 422, 'events.0'],
    [{ events: [] }, 422, 'events'],
    [{ shared_secret: 'x'.repeat(16) }, 422, 'shared_secret'],
    [{ status: 'asleep' }, 422, 'status'],
    [{ url: null }, 400, 'url'],
    [{ status: null }, 422, 'status'],
    [{ paused_reason: 'gone' }, 400, 'paused_reason'],
    [{ created_by: 'client:x' }, 400, 'created_by'],
  ])('a patch %j is %i', async (patch, status, path) => {
    const answer = await world().api.patch(`/webhooks/${there.id}`, patch);
    expect(answer).toMatchObject({ status });
    expect(faultsOf(answer)).toContain(path);
    const { signing_secret, ...unchanged } = there;
    expect((await world().api.get(`/webhooks/${there.id}`)).body).toEqual(unchanged);
  });

  test.each<[body: object, status: number, path: string]>([
    [{}, 400, 'from'],
    [{ from: '2026-01-01T00:00:00Z' }, 400, 'to'],
    [{ from: 'yesterday', to: '2026-01-01T00:00:00Z' }, 422, 'from'],
    [{ from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 422, 'to'],
    [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 422, 'to'],
    [{ from: '2026-02-30T00:00:00Z', to: '2026-03-01T00:00:00Z' }, 422, 'from'],
  ])('a replay of %j is %i', async (body, status, path) => {
    const answer = await world().api.post(`/webhooks/${there.id}/replay`, body);
    expect(answer).toMatchObject({ status });
    expect(faultsOf(answer)).toContain(path);
  });

  test.each(['status=lost', 'cursor=x', 'cursor=MTI', 'limit=0', 'type=a'])(
    'a list of deliveries with ?%s is 400',
    async (query) => {
      expect(await world().api.get(`/webhooks/${there.id}/deliveries?${query}`)).toMatchObject({ status: 400 });
    },
  );
});
