/** Clients are held in memory by every instance: what one changes, the others know before anybody can ask them. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { startWorld, token, type World } from '../endpoints/protocol.ts';
import { type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, secondInstance } from '../support/server.ts';

const GRANT = { grant_type: 'client_credentials', scope: 'things:read' };

describe.each(ENGINES)('What is changed of a client counts at once on %s', (engine) => {
  let world: World;
  let other: Server | undefined;
  let machine: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    await registerApi(world.admin);
    if (engine === 'postgres') other = await secondInstance(world.server);
  }, 60_000);

  const statusAt = async (server: Server, as = machine) => (await token(server, GRANT, { as })).status;

  /** At the instance that changed it with the very next request, at the other soon. */
  async function becomes(status: number, as = machine): Promise<void> {
    expect(await statusAt(world.server, as)).toBe(status);
    if (other) await eventually(async () => (await statusAt(other as Server, as)) === status);
  }

  async function known(): Promise<RegisteredClient> {
    machine = await registerMachine(world.admin, 'things:read');
    await becomes(200);
    return machine;
  }

  test('that it is disabled, and enabled again', async () => {
    const { client_id } = await known();
    await world.admin.patch(`/clients/${client_id}`, { disabled: true });
    await becomes(401);
    await world.admin.patch(`/clients/${client_id}`, { disabled: false });
    await becomes(200);
  });

  test('that it may ask for less', async () => {
    const { client_id } = await known();
    await world.admin.patch(`/clients/${client_id}`, { scope: 'openid' });
    await becomes(400);
  });

  test('that it is gone', async () => {
    const { client_id } = await known();
    await world.admin.delete(`/clients/${client_id}`);
    await becomes(401);
  });

  test('that its secret was replaced', async () => {
    const { client_id } = await known();
    const { body } = await world.admin.post(`/clients/${client_id}/secrets`, { expires_previous_in: 0 });
    await becomes(401);
    await becomes(200, { client_id, client_secret: body.client_secret });
  });

  test('that its old secret ends later, by itself', async () => {
    const { client_id } = await known();
    await world.admin.post(`/clients/${client_id}/secrets`, { expires_previous_in: 2 });
    await becomes(200);
    for (const server of [world.server, ...(other ? [other] : [])]) {
      await eventually(async () => (await statusAt(server)) === 401);
    }
  });
});
