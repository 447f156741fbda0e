/** However many targets hang, they hang a few at a time: neither the targets that answer nor requests notice. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MOST_SHAKY } from '#src/webhooks/turn.ts';
import { granted, token } from '../endpoints/protocol.ts';
import { type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type RawServer, rawServer } from './raw-server.ts';
import { type Hook, provedGood, SOON_MS, withWorld } from './support.ts';

/** More than there are slots for turns. */
const HANGING = 200;
const MADE_AT_ONCE = 20;
/** Less than the ten seconds after which an attempt makes room for the next one. */
const MEANWHILE_MS = 4_000;

describe.each(ENGINES)('While two hundred targets take every request and answer none, on %s', (engine) => {
  const world = withWorld(engine);
  const asked = new Set<string>();
  let hanging: RawServer;
  let good: Hook;
  let app: RegisteredClient;

  beforeAll(async () => {
    const { api, hook, client } = world();
    hanging = await rawServer((_socket, request) => void asked.add(request.split(' ')[1] ?? ''));
    good = await hook();
    await provedGood(world(), good);
    app = await client();
    const url = `http://127.0.0.1:${hanging.port}`;
    for (let made = 0; made < HANGING; made += MADE_AT_ONCE) {
      const some = Array.from({ length: MADE_AT_ONCE }, (_, no) =>
        api.post('/webhooks', { url: `${url}/${made + no}`, format: 'event', events: ['client.updated'] }),
      );
      for (const { status } of await Promise.all(some)) expect(status).toBe(201);
    }
  }, 60_000);

  afterAll(() => hanging?.close());

  test('one that answers is told at once, requests are answered, and each of the hanging ones has its turn', async () => {
    const { server, api, change } = world();
    await registerApi(api);
    const machine = await registerMachine(api, 'things:read');
    await change(app);
    await eventually(() => hanging.open() >= MOST_SHAKY);

    for (const count of [1, 2, 3]) {
      if (count > 1) await change(app);
      await eventually(() => good.inbox.receipts.length >= count, MEANWHILE_MS);
    }
    granted(await token(server, { grant_type: 'client_credentials', scope: 'things:read' }, { as: machine }));
    expect(hanging.mostOpen()).toBe(MOST_SHAKY);

    await eventually(() => asked.size > MOST_SHAKY, SOON_MS);
    expect((await good.look()).failing_since).toBeNull();
  }, 60_000);
});
