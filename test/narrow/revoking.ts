/** Two tokens that were made alike, of which each way ends one, and what is known of them afterwards. */
import { expect } from '@jest/globals';
import { introspect, isActive } from '../endpoints/protocol.ts';
import type { RegisteredClient } from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { as, taken } from './both-ways.ts';
import { startScene } from './scene.ts';

/** What a person's tokens are for, unless a test says otherwise. */
export const SCOPE = 'openid things:read';
export const BY_THE_ENGINE = { status: 200, narrow: false, body: '' };

const REVOKED = { active: false, inactive_reason: 'revoked' };

export type Pair = readonly [one: string, another: string];

export type Revoking = Awaited<ReturnType<typeof startRevoking>>;

export async function startRevoking(engine: Engine) {
  const scene = await startScene(engine);
  const { app, tokensOf, ways } = scene;
  const { admin, server } = scene.world;
  const machine = await scene.registeredMachine();

  const ofMachine = (client = machine, scope?: string) => scene.ofMachine(client, scope);
  const ofPerson = (client = app, scope = SCOPE) => tokensOf(scope, {}, client);
  const active = (value: string, client: RegisteredClient) => isActive(server, value, client);
  const living = async ({ client_id }: RegisteredClient): Promise<string[]> => {
    const { body } = await admin.get(`/tokens?client_id=${client_id}&status=live`);
    return body.items.map(({ kind }: { kind: string }) => kind).sort();
  };

  async function expectRevoked(values: readonly string[], client: RegisteredClient): Promise<void> {
    for (const value of values) expect(await introspect(server, value, client)).toEqual(REVOKED);
  }

  /** The first one here, the other one by the engine. */
  const revokeEach = ([one, another]: Pair, client: RegisteredClient, more: object = {}) =>
    ways.compare(taken(one, as(client), more), taken(another, as(client), more));

  return { ...scene, machine, ofMachine, ofPerson, active, living, expectRevoked, revokeEach };
}
