import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Authenticator, createAuthenticator } from '../support/authenticator.ts';
import { type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { authenticate, authenticateByPasskey, enrollTotp, type SignedIn } from '../support/people.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { withAdministration } from './support.ts';

interface Listed {
  readonly id: string;
  readonly type: string;
}

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe.each(ENGINES)('/users/:id/authenticators on %s', (engine) => {
  const administration = withAdministration(engine);
  const api = () => administration().api;
  const of = ({ id }: { id: string }) => `/users/${id}/authenticators`;
  const typesOf = async (user: { id: string }): Promise<string[]> =>
    (await api().get(of(user))).body.items.map(({ type }: Listed) => type);
  const stateOf = async (user: RegisteredUser) => (await authenticate(administration().server, user)).state;

  /** Has one of everything, and two passkeys. */
  async function withEverything(): Promise<RegisteredUser> {
    const { server } = administration();
    const user = await registerUser(api());
    const first = createAuthenticator();
    let session: Pick<SignedIn, 'call'> = await authenticate(server, user);
    const add = async ({ create }: Authenticator, name: string) => {
      const { body } = await session.call('POST', '/me/passkeys', {});
      const made = await session.call('POST', '/me/passkeys', { response: create(body.options, server.issuer), name });
      expect(made.status).toBe(200);
    };
    await add(first, 'Key 1');
    session = await authenticateByPasskey(server, first);
    await add(createAuthenticator(), 'Key 2');
    const { secret, enrollment } = (await session.call('POST', '/me/totp', {})).body;
    remember(secret);
    expect((await session.call('POST', '/me/totp', { enrollment, code: totpCode(secret) })).status).toBe(200);
    return user;
  }

  describe('of somebody who has one of each', () => {
    let user: RegisteredUser;
    beforeAll(async () => {
      user = await withEverything();
    });

    test('lists them all, and nothing that could be used as one', async () => {
      const { status, body } = await api().get(of(user));
      const time = expect.stringMatching(/^\d{4}-.*Z$/);
      const one = (type: string) => ({ id: type, type, name: null, created_at: time, last_used_at: null });
      const passkey = (name: string) => ({ ...one('passkey'), id: expect.stringMatching(/^[\w-]+$/), name });
      const used = (name: string) => ({ ...passkey(name), last_used_at: time });
      expect({ status, body }).toEqual({
        status: 200,
        body: {
          items: [
            one('password'),
            one('totp'),
            used('Key 1'),
            passkey('Key 2'),
            { ...one('recovery_codes'), remaining: 10 },
          ],
          next_cursor: null,
        },
      });
    });

    test('takes away a passkey, and leaves the other', async () => {
      const [first, second] = (await api().get(of(user))).body.items.filter(({ type }: Listed) => type === 'passkey');
      expect(await api().delete(`${of(user)}/${first.id}`)).toMatchObject({ status: 204 });
      expect(await api().delete(`${of(user)}/${first.id}`)).toMatchObject({ status: 404 });
      const left = (await api().get(of(user))).body.items.filter(({ type }: Listed) => type === 'passkey');
      expect(left).toEqual([second]);
    });

    test('not by way of somebody else, nor what is not there', async () => {
      const other = await registerUser(api());
      const [passkey] = (await api().get(of(user))).body.items.filter(({ type }: Listed) => type === 'passkey');
      for (const id of [passkey.id, 'totp', 'recovery_codes', 'nothing', '%20', "'", 'x'.repeat(2_000)]) {
        expect(await api().delete(`${of(other)}/${id}`)).toMatchObject({ status: 404 });
      }
      expect(await typesOf(other)).toEqual(['password']);
      expect(await typesOf(user)).toContain('passkey');
    });

    test.each(['totp', 'recovery_codes', 'password'])('takes away %s once', async (type) => {
      expect(await typesOf(user)).toContain(type);
      expect(await api().delete(`${of(user)}/${type}`)).toMatchObject({ status: 204 });
      expect(await typesOf(user)).not.toContain(type);
      expect(await api().delete(`${of(user)}/${type}`)).toMatchObject({ status: 404 });
    });

    test('without its password it signs in by it no more', async () => {
      await expect(authenticate(administration().server, user)).rejects.toThrow('401');
      expect((await api().get(`/users/${user.id}`)).body).toMatchObject({ has_password: false, name: user.name });
    });
  });

  test('with its password everything that was signed in with it ends', async () => {
    const user = await registerUser(api());
    const session = await authenticate(administration().server, user);
    expect(await session.call('GET', '/me')).toMatchObject({ status: 200 });
    expect(await api().delete(`${of(user)}/password`)).toMatchObject({ status: 204 });
    expect(await session.call('GET', '/me')).toMatchObject({ status: 401 });
    expect((await api().get(`/users/${user.id}/sessions`)).body.items).toEqual([]);
  });

  test('a reset takes everything but the password: they sign in and enrol anew', async () => {
    const user = await withEverything();
    expect(await stateOf(user)).toBe('partial');
    expect(await api().delete(of(user))).toMatchObject({ status: 204 });
    expect(await typesOf(user)).toEqual(['password']);
    expect(await stateOf(user)).toBe('full');
    expect((await enrollTotp(administration().server, user)).recoveryCodes).toHaveLength(10);
  });

  test.each(['nobody', NOBODY])('%s has none', async (id) => {
    expect(await api().get(of({ id }))).toMatchObject({ status: 404 });
    expect(await api().delete(of({ id }))).toMatchObject({ status: 404 });
    expect(await api().delete(`${of({ id })}/password`)).toMatchObject({ status: 404 });
  });
});
