/** What arrives inside JWTs has passed no form parser: their members reach lookups and stores by another door. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { proofKey } from '../endpoints/proofs.ts';
import { post, startWorld, token, type World } from '../endpoints/protocol.ts';
import { type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { expectOAuth, expectPage } from './expectations.ts';
import { hostileJson, hostileText } from './hostile.ts';
import { closeConnections, send } from './wire.ts';

const BUDGET = { numRuns: 200, interruptAfterTimeLimit: 1_200, markInterruptAsFailure: false };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let world: World;
let machine: RegisteredClient;
let plain: RegisteredClient;
let key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

beforeAll(async () => {
  world = await startWorld('embedded');
  await registerApi(world.admin);
  const pair = await generateKeyPair('ES256');
  key = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  machine = await registerMachine(world.admin, 'things:read', {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [jwk] },
  });
  plain = await registerMachine(world.admin, 'things:read');
});
afterAll(closeConnections);

const part = (value: unknown) => Buffer.from(JSON.stringify(value) ?? 'null').toString('base64url');
const times = fc.constantFrom(1e15, 8.64e12, 8.64e12 + 1, 253_402_300_800, 2 ** 53, 1e308, -1, 0, 1.5, 4_102_444_800);
const anything = fc.oneof(hostileText, hostileJson, times);

async function present(client_assertion: string) {
  const form = { grant_type: 'client_credentials', client_assertion, client_assertion_type: ASSERTION_TYPE };
  const body = new URLSearchParams(form).toString();
  const received = await send(world.server.url, { method: 'POST', target: '/oauth/token', headers: FORM, body });
  expectOAuth(received);
  return received;
}

test('an assertion about anybody at all is refused, signed or not', async () => {
  const unsigned = fc.asyncProperty(anything, anything, async (sub, aud) => {
    const claims = { iss: sub, sub, aud, jti: 'x', exp: 4_102_444_800 };
    await present(`${part({ alg: 'ES256' })}.${part(claims)}.AAAA`);
    await present(`${part(sub)}.${part(aud)}.AAAA`);
  });
  await fc.assert(unsigned, BUDGET);
});

test('a rightly signed assertion may say what it likes beside who it is', async () => {
  const names = fc.constantFrom('jti', 'exp', 'iat', 'nbf', 'aud', 'iss', 'sub', 'x');
  const signed = fc.asyncProperty(names, anything, async (name, value) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: machine.client_id, sub: machine.client_id, aud: world.server.issuer, jti: randomUUID() };
    const jwt = new SignJWT({ ...claims, exp: now + 60, [name]: value } as never);
    const signature = await jwt
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(key)
      .catch(() => undefined);
    if (signature) await present(signature);
  });
  await fc.assert(signed, BUDGET);
});

test('a DPoP proof may say what it likes', async () => {
  const proof = await proofKey();
  const names = fc.constantFrom('jti', 'iat', 'htm', 'htu', 'nonce', 'ath', 'exp', 'x');
  const proven = fc.asyncProperty(names, anything, async (name, value) => {
    const dpop = await proof
      .prove('POST', `${world.server.issuer}/oauth/token`, { claims: { [name]: value } })
      .catch(() => undefined);
    if (!dpop) return;
    const answer = await token(world.server, { grant_type: 'client_credentials' }, { as: plain, headers: { dpop } });
    expect(answer.status).toBeLessThan(500);
  });
  await fc.assert(proven, BUDGET);
});

test('an ID token hint of anybody is an error page at worst', async () => {
  const hinted = fc.asyncProperty(anything, anything, async (aud, sub) => {
    const hint = `${part({ alg: 'RS256' })}.${part({ iss: world.server.issuer, aud, sub })}.AAAA`;
    for (const path of ['/oauth/logout', '/oauth/authorize']) {
      const target = `${path}?${new URLSearchParams({ id_token_hint: hint, client_id: plain.client_id })}`;
      expectPage(await send(world.server.url, { method: 'GET', target, headers: { accept: 'text/html' } }));
      const alone = `${path}?${new URLSearchParams({ id_token_hint: hint })}`;
      expectPage(await send(world.server.url, { method: 'GET', target: alone, headers: { accept: 'text/html' } }));
    }
  });
  await fc.assert(hinted, BUDGET);
});

test('a token that looks like a JWT is inactive, whatever it says', async () => {
  const asked = fc.asyncProperty(anything, anything, async (header, claims) => {
    for (const value of [
      `${part(header)}.${part(claims)}.AAAA`,
      `${part({ alg: 'ES256', typ: 'at+jwt', kid: header })}.${part(claims)}.AAAA`,
    ]) {
      const answer = await post(world.server, '/oauth/introspect', { token: value }, { as: plain });
      expect(answer).toMatchObject({ status: 200, body: { active: false } });
      expect((await post(world.server, '/oauth/revoke', { token: value }, { as: plain })).status).toBe(200);
    }
  });
  await fc.assert(asked, BUDGET);
});

test('afterwards nothing is in the log that should not be', () => {
  const errors = world.server
    .output()
    .split('\n')
    .filter((line) => /"level":"(error|fatal)"/.test(line));
  expect(errors).toEqual([]);
});
