import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Factors } from '#src/factors/index.ts';
import { Conflict, Invalid } from '#src/oauth/problems.ts';
import { createAuthenticator, type Misbehaviour } from '../support/authenticator.ts';
import { ENGINES } from '../support/database.ts';
import { ISSUER, type Room, withRoom } from './room.ts';

const HERE = 'an interaction';
const SIGNATURE = Buffer.from('3006020101020101', 'hex').toString('base64url');

async function register(factors: Factors, account: { id: string; username: string }, device = createAuthenticator()) {
  const options = await factors.webauthn.registrationOptions(account, HERE);
  const passkey = await factors.webauthn.register(account, HERE, device.create(options, ISSUER), 'Phone');
  if (!passkey) throw new Error('not registered');
  return { device, passkey };
}

async function withPasskey({ factors, account }: Room, device = createAuthenticator()) {
  const owner = await account();
  return { ...owner, ...(await register(factors, owner, device)) };
}

describe.each(ENGINES)('passkeys, on %s', (engine) => {
  const room = withRoom(engine);

  test('a browser is asked for a discoverable credential of a verified user, and for no attestation', async () => {
    const { factors, account } = room();
    const ann = await account();
    const options = await factors.webauthn.registrationOptions({ ...ann, name: 'Ann' }, HERE);
    expect(options).toMatchObject({
      rp: { id: 'id.example.com', name: 'id.example.com' },
      user: { id: Buffer.from(ann.id.replaceAll('-', ''), 'hex').toString('base64url'), displayName: 'Ann' },
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
      excludeCredentials: [],
    });
    expect(Buffer.from(options.challenge, 'base64url')).toHaveLength(32);
    expect(await factors.webauthn.registrationOptions({ ...ann, name: 'Ann' }, HERE)).toEqual(options);
    expect(await factors.webauthn.authenticationOptions(HERE)).toMatchObject({
      rpId: 'id.example.com',
      userVerification: 'required',
      allowCredentials: [],
    });
  });

  test('who registered one signs in with it, without saying who they are', async () => {
    const { factors } = room();
    const { id, device, passkey } = await withPasskey(room());
    expect(passkey).toEqual({
      id: expect.any(String),
      name: 'Phone',
      createdAt: expect.any(Date),
      lastUsedAt: undefined,
      backedUp: false,
      transports: ['usb'],
    });
    const response = device.get(await factors.webauthn.authenticationOptions(HERE), ISSUER);
    expect(await factors.webauthn.verify(HERE, response)).toEqual({ accountId: id, passkeyId: passkey.id });
    expect((await factors.of(id)).passkeys).toEqual([{ ...passkey, lastUsedAt: expect.any(Date) }]);
  });

  test('as a second factor the browser is told which ones will do; JSON text will do as well', async () => {
    const { factors } = room();
    const { id, device, passkey } = await withPasskey(room());
    const options = await factors.webauthn.authenticationOptions(HERE, id);
    expect(options.allowCredentials).toEqual([{ id: expect.any(String), type: 'public-key', transports: ['usb'] }]);
    const response = JSON.stringify(device.get(options, ISSUER, { userHandle: null }));
    expect(await factors.webauthn.verify(HERE, response, id)).toEqual({ accountId: id, passkeyId: passkey.id });
  });

  test('passkeys that are synced do not count: they can be used again and again', async () => {
    const { factors } = room();
    const { id, device, passkey } = await withPasskey(room(), createAuthenticator({ synced: true }));
    expect(passkey).toMatchObject({ backedUp: true, transports: ['hybrid', 'internal'] });
    const options = await factors.webauthn.authenticationOptions(HERE);
    for (let i = 0; i < 3; i += 1) {
      expect(await factors.webauthn.verify(HERE, device.get(options, ISSUER))).toMatchObject({ accountId: id });
    }
  });

  test('an account has several, in order; a device is not registered twice', async () => {
    const { factors } = room();
    const ann = await withPasskey(room());
    const other = await register(factors, ann);
    expect((await factors.of(ann.id)).passkeys.map(({ id }) => id)).toEqual([ann.passkey.id, other.passkey.id]);
    const options = await factors.webauthn.registrationOptions(ann, HERE);
    expect(() => ann.device.create(options, ISSUER)).toThrow('InvalidStateError');
  });

  test('a credential belongs to one account only', async () => {
    const { factors, account } = room();
    const [ann, bob] = [await account(), await account()];
    const device = createAuthenticator();
    const response = device.create(await factors.webauthn.registrationOptions(ann, HERE), ISSUER);
    const answers = await Promise.allSettled(
      [1, 2, 3].map(() => factors.webauthn.register(ann, HERE, response, 'Key')),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(factors.webauthn.register(ann, HERE, response, 'Key')).rejects.toThrow(Conflict);
    expect(await factors.webauthn.register(bob, HERE, response, 'Key')).toBeUndefined();
  });

  test('twenty and no more, also when they come at once', async () => {
    const { factors, second, account } = room();
    const ann = await account();
    const options = await factors.webauthn.registrationOptions(ann, HERE);
    const answers = await Promise.allSettled(
      Array.from({ length: 25 }, (_, i) =>
        (i % 2 ? factors : second).webauthn.register(ann, HERE, createAuthenticator().create(options, ISSUER), ''),
      ),
    );
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(refused).toEqual(Array(5).fill(expect.any(Conflict)));
    expect((await factors.of(ann.id)).passkeys).toHaveLength(20);
  });

  test('its owner names it and removes it; nobody else does', async () => {
    const { factors, account } = room();
    const eve = await account();
    const { id, passkey, device } = await withPasskey(room());
    expect(await factors.webauthn.rename(id, passkey.id, ' Ann’s 🧑‍💻 ')).toMatchObject({ name: 'Ann’s 🧑‍💻' });
    expect(await factors.webauthn.rename(eve.id, passkey.id, 'Mine')).toBeUndefined();
    expect(await factors.webauthn.remove(eve.id, passkey.id)).toBe(false);
    expect(await factors.webauthn.remove(id, passkey.id)).toBe(true);
    expect(await factors.webauthn.remove(id, passkey.id)).toBe(false);
    const response = device.get(await factors.webauthn.authenticationOptions(HERE), ISSUER);
    expect(await factors.webauthn.verify(HERE, response)).toBeUndefined();
  });

  test.each([' ', 'a'.repeat(65), 'a\0b', 'a\nb', '\u202etxt', '\u200d', '\ud800'])(
    'a name has 1 to 64 visible characters: not %j',
    async (name) => {
      const { factors } = room();
      const { id, passkey } = await withPasskey(room());
      await expect(factors.webauthn.rename(id, passkey.id, name)).rejects.toThrow(Invalid);
    },
  );

  test('a bad name does not cost the ceremony: the same response registers with a better one', async () => {
    const { factors, account } = room();
    const ann = await account();
    const response = createAuthenticator().create(await factors.webauthn.registrationOptions(ann, HERE), ISSUER);
    await expect(factors.webauthn.register(ann, HERE, response, 'a'.repeat(65))).rejects.toThrow(Invalid);
    expect(await factors.webauthn.register(ann, HERE, response, 'Key')).toMatchObject({ name: 'Key' });
  });

  test('a statement that nobody asked for is dropped unread: its certificates are not looked up', async () => {
    const { factors, account } = room();
    const ann = await account();
    const attStmt = new Map<string | number, any>([
      ['alg', -7],
      ['sig', new Uint8Array([1])],
      ['x5c', [new Uint8Array([48, 130])]],
    ]);
    const options = await factors.webauthn.registrationOptions(ann, HERE);
    const response = createAuthenticator().create(options, ISSUER, { attestation: { fmt: 'packed', attStmt } });
    expect(await factors.webauthn.register(ann, HERE, response, 'Key')).toMatchObject({ name: 'Key' });
  });

  test.each<[string, Misbehaviour]>([
    ['for another relying party', { rpId: 'example.com' }],
    ['without verifying the user', { userVerified: false }],
    ['without anybody present', { userPresent: false }],
    ['with another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['with no challenge', { challenge: '' }],
    ['of another ceremony', { type: 'webauthn.get' }],
  ])('a registration %s is refused', async (_, misbehaviour) => {
    const { factors, account } = room();
    const ann = await account();
    const options = await factors.webauthn.registrationOptions(ann, HERE);
    const response = createAuthenticator().create(options, ISSUER, misbehaviour);
    expect(await factors.webauthn.register(ann, HERE, response, 'Key')).toBeUndefined();
  });

  test('a registration is good at its origin, in what it is part of, and for whom it was begun', async () => {
    const { factors, account } = room();
    const [ann, bob] = [await account(), await account()];
    const options = await factors.webauthn.registrationOptions(ann, HERE);
    const elsewhere = createAuthenticator().create(options, 'https://id.example.com.evil.test');
    expect(await factors.webauthn.register(ann, HERE, elsewhere, 'Key')).toBeUndefined();
    const response = createAuthenticator().create(options, ISSUER);
    expect(await factors.webauthn.register(ann, 'another interaction', response, 'Key')).toBeUndefined();
    expect(await factors.webauthn.register(bob, HERE, response, 'Key')).toBeUndefined();
    expect(await factors.webauthn.register({ id: randomUUID() }, HERE, response, 'Key')).toBeUndefined();
    expect(await factors.webauthn.register(ann, HERE, response, 'Key')).toBeDefined();
  });

  test.each<[string, Misbehaviour]>([
    ['for another relying party', { rpId: 'example.com' }],
    ['without verifying the user', { userVerified: false }],
    ['without anybody present', { userPresent: false }],
    ['with another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['of another ceremony', { type: 'webauthn.create' }],
    ['with somebody else’s user handle', { userHandle: Buffer.alloc(16, 7).toString('base64url') }],
    ['that names nobody', { userHandle: null }],
    ['with another signature', { signature: SIGNATURE }],
  ])('an answer %s is refused', async (_, misbehaviour) => {
    const { factors } = room();
    const { device, id } = await withPasskey(room());
    const options = await factors.webauthn.authenticationOptions(HERE);
    const response = device.get(options, ISSUER, misbehaviour);
    expect(await factors.webauthn.verify(HERE, response)).toBeUndefined();
    expect((await factors.of(id)).passkeys[0]?.lastUsedAt).toBeUndefined();
  });

  test('an answer is good at its origin, in what it is part of, and for its account', async () => {
    const { factors, account } = room();
    const eve = await account();
    const { device, id } = await withPasskey(room());
    const options = await factors.webauthn.authenticationOptions(HERE);
    const elsewhere = device.get(options, 'http://id.example.com');
    expect(await factors.webauthn.verify(HERE, elsewhere)).toBeUndefined();
    const response = device.get(options, ISSUER);
    expect(await factors.webauthn.verify('another interaction', response)).toBeUndefined();
    expect(await factors.webauthn.verify(HERE, response, eve.id)).toBeUndefined();
    expect(await factors.webauthn.verify(HERE, response, id)).toMatchObject({ accountId: id });
  });

  test('an answer works once, at two instances in the same instant too', async () => {
    const { factors, second } = room();
    const { device } = await withPasskey(room());
    const response = device.get(await factors.webauthn.authenticationOptions(HERE), ISSUER);
    const answers = await Promise.all(
      [factors, second, factors, second].map((instance) => instance.webauthn.verify(HERE, response)),
    );
    expect(answers.filter((answer) => answer)).toHaveLength(1);
    expect(await factors.webauthn.verify(HERE, response)).toBeUndefined();
  });

  test('a clone that is behind is refused, and one that counts no more as well', async () => {
    const { factors } = room();
    const { device, id } = await withPasskey(room());
    const options = await factors.webauthn.authenticationOptions(HERE);
    const clone = device.clone();
    expect(await factors.webauthn.verify(HERE, device.get(options, ISSUER))).toMatchObject({ accountId: id });
    expect(await factors.webauthn.verify(HERE, clone.get(options, ISSUER))).toBeUndefined();
    expect(await factors.webauthn.verify(HERE, clone.get(options, ISSUER, { counter: 0 }))).toBeUndefined();
    expect(await factors.webauthn.verify(HERE, device.get(options, ISSUER))).toMatchObject({ accountId: id });
  });

  test('whatever else is sent is refused, and nothing breaks', async () => {
    const { factors, account } = room();
    const ann = await withPasskey(room());
    const bob = await account();
    const created = createAuthenticator().create(await factors.webauthn.registrationOptions(bob, HERE), ISSUER);
    const got = ann.device.get(await factors.webauthn.authenticationOptions(HERE), ISSUER);
    const hostile = fc.oneof(
      fc.anything(),
      fc.json(),
      mangled(created),
      mangled(got),
      fc.constantFrom('null', '[', '[]', '"', 'x'.repeat(100_000), `${'['.repeat(50_000)}`, '{"__proto__":{"id":"a"}}'),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (response) => {
        expect(await factors.webauthn.register(bob, HERE, response, 'Key')).toBeUndefined();
        expect(await factors.webauthn.verify(HERE, response)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    expect(await factors.webauthn.verify(HERE, got)).toMatchObject({ accountId: ann.id });
  });
});

/** A good response in which one member is something else. */
function mangled(response: { response: object }): fc.Arbitrary<unknown> {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((made) => Buffer.from(made).toString('base64url'));
  const json = fc.json().map((made) => Buffer.from(made).toString('base64url'));
  const other = fc.oneof(bytes, json, fc.anything());
  const outer = fc.tuple(fc.constantFrom('id', 'type', 'response'), other);
  const inner = fc.tuple(
    fc.constantFrom(...Object.keys(response.response).filter((name) => name !== 'transports' && name !== 'userHandle')),
    other,
  );
  return fc.oneof(
    outer.map(([name, made]) => ({ ...response, [name]: made })),
    inner.map(([name, made]) => ({ ...response, response: { ...response.response, [name]: made } })),
  );
}
