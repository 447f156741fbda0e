import { describe, expect, test } from '@jest/globals';
import { behind } from '../support/behind.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import type { Reply } from './receiver.ts';
import { type Hook, provedGood, SOON_MS, withWorld } from './support.ts';

const secondsFrom = (start: string, end: string) => (Date.parse(end) - Date.parse(start)) / 1000;

describe.each(ENGINES)('What fails is tried again on %s', (engine) => {
  const world = withWorld(engine);

  /** A webhook that was told of one thing, and answered so. */
  async function refusing(reply: Reply): Promise<{ hook: Hook; delivery: any; again(attempts: number): Promise<any> }> {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    await provedGood(world(), hook);
    hook.inbox.answer = () => reply;
    await world().change(client);
    const tried = async (attempts: number) => {
      let delivery: any;
      await eventually(async () => {
        [delivery] = await hook.deliveries();
        return delivery?.attempts === attempts;
      }, SOON_MS);
      return delivery;
    };
    const delivery = await tried(1);
    return {
      hook,
      delivery,
      async again(attempts) {
        await hook.redeliver(delivery.id);
        return tried(attempts);
      },
    };
  }

  test('under the same id, with the same words, signed anew; every try is in the log', async () => {
    const { hook, delivery, again } = await refusing({ status: 404, body: 'who is asking?' });
    hook.inbox.answer = () => ({ status: 409, body: 'still not' });
    await again(2);
    hook.inbox.answer = () => ({ status: 200, body: 'at last' });
    expect(await again(3)).toMatchObject({ status: 'delivered', next_attempt_at: null });

    const [first, ...others] = hook.inbox.receipts;
    for (const other of others) expect(other).toMatchObject({ id: first?.id, body: first?.body });
    const { attempt_log: log } = await hook.delivery(delivery.id);
    expect(log).toEqual([
      { at: expect.any(String), duration_ms: expect.any(Number), status: 404, error: null, answer: 'who is asking?' },
      { at: expect.any(String), duration_ms: expect.any(Number), status: 409, error: null, answer: 'still not' },
      { at: expect.any(String), duration_ms: expect.any(Number), status: 200, error: null, answer: 'at last' },
    ]);
    const sent = hook.inbox.receipts.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(sent).toEqual(log.map(({ at }: { at: string }) => Math.floor(Date.parse(at) / 1000)));
  });

  test('by itself, after some seconds', async () => {
    const { hook } = await refusing({ status: 400 });
    hook.inbox.answer = () => ({ status: 204 });
    await hook.settled();
    expect(hook.inbox.receipts).toHaveLength(2);
  });

  test('after twice as long each time, for a day', async () => {
    const { delivery, again } = await refusing({ status: 400 });
    let tried = delivery;
    for (const [failures, seconds] of [5, 10, 20, 40].entries()) {
      if (failures > 0) tried = await again(failures + 1);
      const wait = secondsFrom(tried.last_attempt.at, tried.next_attempt_at);
      expect(wait).toBeGreaterThan(seconds * 0.5);
      expect(wait).toBeLessThan(seconds * 1.5 + 2);
    }
    expect(secondsFrom(delivery.time, delivery.gives_up_at)).toBeGreaterThanOrEqual(86_400);
    expect(secondsFrom(delivery.time, delivery.gives_up_at)).toBeLessThan(86_460);
  });

  test.each([
    ['in seconds', () => '900'],
    ['as a date', () => new Date(Date.now() + 900_000).toUTCString()],
  ])('not before the target said, %s', async (_how, retryAfter) => {
    const { hook, delivery } = await refusing({ status: 503, headers: { 'retry-after': retryAfter() } });
    const wait = secondsFrom(delivery.last_attempt.at, delivery.next_attempt_at);
    expect(wait).toBeGreaterThan(890);
    expect(wait).toBeLessThan(910);
    expect(secondsFrom(delivery.last_attempt.at, (await hook.look()).rests_until)).toBeGreaterThan(890);
  });

  test('a redirect is a failure: it is followed nowhere', async () => {
    const elsewhere = world().receiver.inbox();
    const { delivery } = await refusing({ status: 307, headers: { location: elsewhere.url } });
    expect(delivery).toMatchObject({ status: 'pending', last_attempt: { status: 307 } });
    expect(elsewhere.receipts).toEqual([]);
  });

  test('what is tried by nobody who listens is a failure with a reason', async () => {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id], url: 'http://127.0.0.1:9/' });
    await world().change(client);
    await eventually(async () => (await hook.deliveries())[0]?.attempts === 1, SOON_MS);
    const [{ last_attempt }] = await hook.deliveries();
    expect(last_attempt).toMatchObject({ status: null, error: expect.stringContaining('ECONNREFUSED'), answer: null });
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('What has failed for a day', () => {
  const world = withWorld('postgres');

  test('is dead, does not hold back what comes after it, and can be sent again', async () => {
    const client = await world().client();
    const hook = await world().hook({ client_ids: [client.client_id] });
    await provedGood(world(), hook);
    let refused: string | undefined;
    hook.inbox.answer = ({ id }) => {
      refused ??= id;
      return { status: id === refused ? 400 : 204 };
    };
    await world().change(client);
    await hook.received(1);
    await world().change(client);
    await eventually(async () => (await hook.deliveries('pending')).length === 2, SOON_MS);
    await behind(
      world().server,
      `update webhook_deliveries set due_at = now(), gives_up_at = now() - interval '1 second'
        where webhook_id = $1 and status = 'pending'`,
      [hook.id],
    );
    await hook.settled();
    const [dead, ...more] = await hook.deliveries('dead');
    expect(more).toEqual([]);
    expect(dead).toMatchObject({
      event_id: refused,
      attempts: 2,
      finished_at: expect.any(String),
      next_attempt_at: null,
    });

    hook.inbox.answer = () => ({ status: 204 });
    const { status, body } = await hook.redeliver(dead.id);
    expect({ status, body }).toMatchObject({ status: 202, body: { status: 'pending', attempts: 0 } });
    await hook.settled();
    expect(hook.inbox.receipts.at(-1)?.id).toBe(refused);
    expect(await hook.deliveries('dead')).toEqual([]);
  });
});
