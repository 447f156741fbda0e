import { beforeAll, describe, expect, test } from '@jest/globals';
import { behind } from '../support/behind.ts';
import { adminApi, registerClient } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, secondInstance, startServer } from '../support/server.ts';
import { type Reply, withReceiver } from './receiver.ts';
import { FAMILY_CLIENT, family, provedGood, SOON_MS, type World, worldOf } from './support.ts';

const FAMILIES = 6;
const REFRESHES = 10;

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('Two instances', () => {
  const receiver = withReceiver();
  let world: World;
  let other: Server;

  beforeAll(async () => {
    world = await worldOf(await startServer({ engine: 'postgres' }), receiver);
    other = await secondInstance(world.server);
  }, 60_000);

  test('tell of what happens at both of them, once and in order', async () => {
    const app = await registerClient(world.api, FAMILY_CLIENT);
    const wanted = { format: 'notification', events: undefined, client_ids: [app.client_id] };
    const hooks = [await world.hook(wanted), await world.hook(wanted), await world.hook(wanted)];
    for (const hook of hooks) await provedGood(world, hook);
    const families = await Promise.all(Array.from({ length: FAMILIES }, () => family(world, app)));
    await Promise.all(
      families.map(async (one) => {
        for (let no = 0; no < REFRESHES; no += 1) await one.refresh(no % 2 === 0 ? other : world.server);
      }),
    );
    for (const hook of hooks) {
      const receipts = await hook.received(FAMILIES * (REFRESHES + 1));
      for (const { tokens } of families) {
        const told = receipts.map(({ body }) => body.refresh_token).filter((token) => tokens.includes(token));
        expect(told).toEqual(tokens);
      }
      await hook.settled();
      expect(receipts).toHaveLength(FAMILIES * (REFRESHES + 1));
    }
  });
});

/** One instance in the middle of an attempt, and a second one. */
onPostgres('An instance that is not heard of any more', () => {
  const receiver = withReceiver();

  async function inTheMiddle() {
    const first = await startServer({ engine: 'postgres' });
    const world = await worldOf(first, receiver);
    const client = await world.client();
    const hook = await world.hook({ client_ids: [client.client_id] });
    const answers: ((reply: Reply) => void)[] = [];
    hook.inbox.answer = () => new Promise((resolve) => answers.push(resolve));
    await world.change(client);
    await world.change(client);
    await hook.received(1);
    const second = await secondInstance(first);
    const fromSecond = await worldOf({ ...first, url: second.url }, receiver);
    const look = async () => (await fromSecond.api.get(`/webhooks/${hook.id}/deliveries`)).body.items;
    return { first, second, hook, answers, look };
  }

  /** Time for everybody else to believe that it is gone. */
  const leaseEnds = (server: Server) =>
    behind(server, `update pgboss.job set started_on = started_on - interval '1 minute' where state = 'active'`);

  test('is followed by another one, which sends the same again', async () => {
    const { first, hook, answers, look } = await inTheMiddle();
    await first.kill();
    await leaseEnds(first);
    await hook.received(2);
    hook.inbox.answer = () => ({ status: 204 });
    answers.at(-1)?.({ status: 204 });
    await hook.received(3);
    await eventually(async () => (await look()).every(({ status }: any) => status === 'delivered'), SOON_MS);
    const [killed, again, next] = hook.inbox.receipts.map(({ id }) => id);
    expect(again).toBe(killed);
    expect(next).not.toBe(killed);
  }, 60_000);

  test('and comes back has nothing more to say of what was settled meanwhile', async () => {
    const { first, hook, answers, look } = await inTheMiddle();
    process.kill(first.pid, 'SIGSTOP');
    try {
      await leaseEnds(first);
      await hook.received(2);
      hook.inbox.answer = () => ({ status: 204 });
      answers[1]?.({ status: 200 });
      await eventually(async () => (await look()).every(({ status }: any) => status === 'delivered'), SOON_MS);
      answers[0]?.({ status: 500 });
    } finally {
      process.kill(first.pid, 'SIGCONT');
    }
    // It has read the answer when it has answered somebody who asked afterwards; the rest it says before it stops.
    await adminApi(first);
    await first.stop();
    const settled = await look();
    expect(settled).toHaveLength(2);
    for (const delivery of settled) expect(delivery).toMatchObject({ status: 'delivered', attempts: 1 });
    expect(hook.inbox.receipts).toHaveLength(3);
  }, 60_000);
});
