import { beforeAll, describe, expect, test } from '@jest/globals';
import { openDatabase } from '#src/db/index.ts';
import { registerApi, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { restart, type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { withReceiver } from './receiver.ts';
import { type Hook, type World, worldOf } from './support.ts';

describe.each(ENGINES)('A personal access token that is about to expire, on %s', (engine) => {
  const receiver = withReceiver();
  let world: World;
  let hook: Hook;

  beforeAll(async () => {
    world = await worldOf(await startServer({ engine }), receiver);
    hook = await world.hook({ events: ['pat.expiring'] });
  }, 60_000);

  test('is told to whoever listens, without its value', async () => {
    const { server, api } = world;
    const [user, { identifier: audience }] = [await registerUser(api), await registerApi(api)];
    const wanted = { user_id: user.id, name: 'Backup', scopes: ['things:read'], audience, expires_in_days: 30 };
    const { body: pat } = await api.post('/pats', wanted);
    remember(pat.token);
    await server.stop();
    await dayOfWarning(server, pat.id);
    await restart(server);

    const [receipt] = await hook.received(1);
    expect(receipt?.body).toMatchObject({
      id: receipt?.id,
      type: 'pat.expiring',
      data: { user_id: user.id, token_id: pat.id },
    });
    expect(JSON.stringify(receipt?.body)).not.toContain(pat.token);
    await hook.settled();
  });
});

/** Brings its end nearer, and that of the hour after which those that are about to expire are looked for again. */
async function dayOfWarning({ databaseUrl, dataDir }: Server, id: string): Promise<void> {
  const database = databaseUrl
    ? ({ engine: 'postgres', url: databaseUrl } as const)
    : ({ engine: 'embedded' } as const);
  const db = await openDatabase({ database, dataDir });
  try {
    await db.query(
      `with value as (
         update tokens set expires_at = expires_at - interval '24 days' where id = $1
       )
       update pats set expires_at = expires_at - interval '24 days' where token_id = $1`,
      [Buffer.from(id, 'hex')],
    );
    await db.query(`update jobs set due_at = now() where name = 'warn of expiry'`);
  } finally {
    await db.close();
  }
}
