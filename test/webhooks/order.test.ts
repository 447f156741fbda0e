import { describe, expect, test } from '@jest/globals';
import { registerClient } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { FAMILY_CLIENT, type Family, family, type Hook, provedGood, SOON_MS, withWorld } from './support.ts';

const FAMILIES = 8;
const REFRESHES = 12;

describe.each(ENGINES)('What concerns one subject is told in its order on %s', (engine) => {
  const world = withWorld(engine);

  /** Of the notifications of a family, in the order in which they came, the refresh tokens. */
  const tokensOf = (hook: Hook, { tokens }: Family) =>
    hook.inbox.receipts.map(({ body }) => body.refresh_token).filter((token) => tokens.includes(token));

  async function listening(): Promise<{ hook: Hook; families: Family[] }> {
    const app = await registerClient(world().api, FAMILY_CLIENT);
    const hook = await world().hook({ format: 'notification', events: undefined, client_ids: [app.client_id] });
    await provedGood(world(), hook);
    const families = await Promise.all(Array.from({ length: FAMILIES }, () => family(world(), app)));
    return { hook, families };
  }

  test('while many subjects are told of at the same time', async () => {
    const { hook, families } = await listening();
    // Some answers take their time, so that whoever does not wait for them overtakes them.
    hook.inbox.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return { status: 204 };
    };
    await Promise.all(
      families.map(async (one) => {
        for (let times = 0; times < REFRESHES; times += 1) await one.refresh();
      }),
    );
    await hook.received(FAMILIES * (REFRESHES + 1));
    for (const one of families) expect(tokensOf(hook, one)).toEqual(one.tokens);
    expect(hook.inbox.receipts).toHaveLength(FAMILIES * (REFRESHES + 1));
    expect(hook.inbox.mostAtOnce).toBeGreaterThan(1);
    expect(hook.inbox.mostAtOnce).toBeLessThanOrEqual(10);
  });

  test('what fails holds back what comes after it, and nobody else', async () => {
    const { hook, families } = await listening();
    await hook.received(FAMILIES);
    const [held, ...others] = families as [Family, ...Family[]];
    let refuse = true;
    hook.inbox.answer = ({ body }) => ({ status: refuse && held.tokens.includes(body.old_refresh_token) ? 422 : 204 });
    for (const one of [held, ...others]) for (const _ of [1, 2, 3]) await one.refresh();
    await eventually(() => others.every((one) => tokensOf(hook, one).length === one.tokens.length), SOON_MS);
    const [, , overtaking] = held.tokens;
    expect(tokensOf(hook, held)).not.toContain(overtaking);
    expect(await hook.deliveries('pending')).toHaveLength(3);

    refuse = false;
    const failed = (await hook.deliveries('pending')).find(({ attempts }) => attempts > 0);
    await hook.redeliver(failed.id);
    await eventually(() => new Set(tokensOf(hook, held)).size === held.tokens.length, SOON_MS);
    expect([...new Set(tokensOf(hook, held))]).toEqual(held.tokens);
  });

  test('also when what was told before is sent again', async () => {
    const app = await world().client();
    const events = await world().hook({ client_ids: [app.client_id] });
    await provedGood(world(), events);
    const from = new Date().toISOString();
    for (const _ of [1, 2, 3, 4, 5]) await world().change(app);
    const first = (await events.received(5)).map(({ id }) => id);
    await events.settled();
    const range = { from, to: new Date(Date.now() + 1000).toISOString() };
    expect((await world().api.post(`/webhooks/${events.id}/replay`, range)).body).toEqual({ replayed: 5 });
    const all = (await events.received(10)).map(({ id }) => id);
    expect(all).toEqual([...first, ...first]);
  });
});
