/** Where UserInfo and revocation are asked for, both ways: a person, an app that they sign in to, and how there come to be more. */
import { granted, signInFor, startWorld, token } from '../endpoints/protocol.ts';
import {
  REDIRECT_URI,
  type RegisteredClient,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { visitorFor } from '../support/flow.ts';
import { bothWays, type Sent } from './both-ways.ts';

export const USERINFO = '/oauth/userinfo';

const SCOPE = 'openid profile email address phone offline_access things:read jwt:read';

const CLAIMS = {
  locale: 'nl-NL',
  birthdate: '1990-02-03',
  phone_number: '+1 555',
  address: { country: 'NL', locality: 'Ĳmuiden' },
  favourite: 'blue',
};

export type Scene = Awaited<ReturnType<typeof startScene>>;

export async function startScene(engine: Engine) {
  const world = await startWorld(engine);
  const ways = await bothWays(world);
  const { admin, server } = world;
  const api = await registerApi(admin);
  const signed = await registerApi(admin, { scopes: [{ name: 'jwt:read' }], access_token_format: 'jwt' });
  const user = await registerUser(admin, { name: 'Zoë Example', claims: CLAIMS });
  /** Signed in by the first who asks for a person's tokens. */
  const visitor = visitorFor(REDIRECT_URI);

  const registered = async (overrides: object = {}) =>
    ways.known(await registerClient(admin, { scope: SCOPE, first_party: true, ...overrides }));
  const registeredMachine = async (overrides: object = {}) =>
    ways.known(await registerMachine(admin, 'things:read jwt:read', overrides));
  const app = await registered();

  const tokensOf = (scope = 'openid', how: object = {}, client = app) =>
    signInFor(server, client, user, { scope, visitor, ...how });
  const tokenOf = async (...asked: Parameters<typeof tokensOf>): Promise<string> =>
    (await tokensOf(...asked)).access_token;

  async function ofMachine(client: RegisteredClient, scope = 'things:read'): Promise<string> {
    const { client_id, client_secret, token_endpoint_auth_method: method } = client;
    const asked = { grant_type: 'client_credentials', scope };
    const inBody = method === 'client_secret_post';
    const how = inBody ? {} : { as: client };
    return granted(await token(server, { ...asked, ...(inBody && { client_id, client_secret }) }, how)).access_token;
  }

  return { world, ways, api, signed, user, app, visitor, registered, registeredMachine, tokensOf, tokenOf, ofMachine };
}

/** Asks for UserInfo by this token. */
export const bearer = (value: string, headers: object = {}): Sent => ({
  path: USERINFO,
  headers: { authorization: `Bearer ${value}`, ...headers },
});
