import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorize, signInFor } from '../endpoints/protocol.ts';
import {
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { visitorFor } from '../support/flow.ts';
import { authenticate } from '../support/people.ts';
import { type Server, secondInstance } from '../support/server.ts';
import type { Visitor } from '../support/visitor.ts';
import { withAdministration } from './support.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe.each(ENGINES)('/users/:id/sessions on %s', (engine) => {
  const administration = withAdministration(engine);
  const api = () => administration().api;
  const of = ({ id }: { id: string }) => `/users/${id}/sessions`;
  const listOf = async (user: { id: string }) => (await api().get(of(user))).body.items;
  let app: RegisteredClient;
  /** Where what was ended is no good either. */
  let elsewhere: Server;

  beforeAll(async () => {
    const { server } = administration();
    elsewhere = engine === 'postgres' ? await secondInstance(server) : server;
    await registerApi(api());
    app = await registerClient(api(), { scope: 'openid things:read', first_party: true });
  }, 60_000);

  /** A browser that is signed in. */
  async function browser(user: RegisteredUser): Promise<Visitor> {
    const visitor = visitorFor(REDIRECT_URI);
    await authorize(administration().server, app, user, { visitor });
    return visitor;
  }

  test('a browser and a program are listed with where they signed in from, and with nothing that opens them', async () => {
    const { server } = administration();
    const user = await registerUser(api());
    const begun = Date.now();
    await browser(user);
    const { token } = await authenticate(server, user);
    const sessions = await listOf(user);
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    const session = (kind: string) => ({
      id: expect.any(String),
      kind,
      ip: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
      user_agent: expect.any(String),
      created_at: time,
      last_used_at: time,
      expires_at: time,
      amr: ['pwd'],
      acr: 'urn:mintmark:acr:1fa',
    });
    expect(sessions).toHaveLength(2);
    expect(sessions).toEqual(expect.arrayContaining([session('browser'), session('api')]));
    expect(JSON.stringify(sessions)).not.toContain(token);
    for (const { created_at, expires_at } of sessions) {
      expect(Math.abs(Date.parse(created_at) - begun)).toBeLessThan(5_000);
      expect(Date.parse(expires_at)).toBeGreaterThan(begun);
    }
  });

  test('one is ended at once, everywhere, and the others stay', async () => {
    const { server } = administration();
    const user = await registerUser(api());
    const [first, second] = [await authenticate(server, user), await authenticate(server, user)];
    const [one, other] = await listOf(user);
    expect(one.id).not.toBe(other.id);
    const works = async ({ token }: { token: string }) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${elsewhere.url}/api/v1/session`, { headers })).status;
    };
    expect([await works(first), await works(second)]).toEqual([200, 200]);
    expect(await api().delete(`${of(user)}/${one.id}`)).toMatchObject({ status: 204 });
    expect([await works(first), await works(second)].sort()).toEqual([200, 401]);
    expect(await listOf(user)).toEqual([expect.objectContaining({ id: other.id })]);
    expect(await api().delete(`${of(user)}/${one.id}`)).toMatchObject({ status: 404 });
  });

  test('with a browser’s end what came of it, and it has to sign in again', async () => {
    const { server } = administration();
    const user = await registerUser(api());
    const { access_token } = await signInFor(server, app, user, { scope: 'things:read' });
    const [session] = await listOf(user);
    const live = async () => (await api().get(`/users/${user.id}/tokens`)).body.items.length;
    expect(access_token).toBeTruthy();
    expect(await live()).toBeGreaterThan(0);
    expect(await api().delete(`${of(user)}/${session.id}`)).toMatchObject({ status: 204 });
    expect(await live()).toBe(0);
  });

  test('a browser that was ended is asked for the password again', async () => {
    const { server } = administration();
    const user = await registerUser(api());
    const visitor = await browser(user);
    const wrong = { ...user, password: 'not asked for at all' };
    await authorize(server, app, wrong, { visitor });
    expect(await api().delete(of(user))).toMatchObject({ status: 204 });
    await expect(authorize(server, app, wrong, { visitor })).rejects.toThrow('sign-in refused');
  });

  test('all are ended at once', async () => {
    const user = await registerUser(api());
    await Promise.all([browser(user), browser(user), authenticate(administration().server, user)]);
    expect(await listOf(user)).toHaveLength(3);
    expect(await api().delete(of(user))).toMatchObject({ status: 204 });
    expect(await listOf(user)).toEqual([]);
    expect(await api().delete(of(user))).toMatchObject({ status: 204 });
  });

  test('nobody’s session is ended by way of somebody else', async () => {
    const [user, other] = [await registerUser(api()), await registerUser(api())];
    await authenticate(administration().server, user);
    const [{ id }] = await listOf(user);
    for (const name of [id, 'nothing', "'", 'x'.repeat(2_000)]) {
      expect(await api().delete(`${of(other)}/${name}`)).toMatchObject({ status: 404 });
    }
    expect(await listOf(user)).toHaveLength(1);
    for (const stranger of ['nobody', NOBODY]) {
      expect(await api().get(of({ id: stranger }))).toMatchObject({ status: 404 });
      expect(await api().delete(of({ id: stranger }))).toMatchObject({ status: 404 });
      expect(await api().delete(`${of({ id: stranger })}/${id}`)).toMatchObject({ status: 404 });
    }
  });
});
