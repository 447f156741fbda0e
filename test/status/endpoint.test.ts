import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { get, granted, introspect, isActive, post, startWorld, token, type World } from '../endpoints/protocol.ts';
import { type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { observedFetch } from '../support/http.ts';

describe.each(ENGINES)('JWT access tokens that can be taken back, on %s', (engine) => {
  let world: World;
  let serial = 0;

  beforeAll(async () => {
    world = await startWorld(engine);
  });

  /** A machine client of an API of its own, and its JWTs. */
  async function machineFor(settings: object) {
    serial += 1;
    const scope = `status${serial}:read`;
    const scopes = [{ name: scope, description: 'Read' }];
    const api = await registerApi(world.admin, { access_token_format: 'jwt', scopes, ...settings });
    const machine = await registerMachine(world.admin, scope);
    const jwt = async () => {
      const answer = await token(world.server, { grant_type: 'client_credentials', scope }, { as: machine });
      return granted(answer).access_token as string;
    };
    return { api, machine, jwt };
  }

  const revoke = (value: string, as: RegisteredClient) => post(world.server, '/oauth/revoke', { token: value }, { as });

  test('carry the place of their status, each its own, in no telling order', async () => {
    const { jwt } = await machineFor({});
    const places = await Promise.all(Array.from({ length: 20 }, async () => statusIn(await jwt())));
    for (const { uri } of places) expect(uri).toBe(`${world.server.issuer}/status/0`);
    const indices = places.map(({ idx }) => idx);
    expect(new Set(indices).size).toBe(indices.length);
    expect(indices.some((idx, i) => Math.abs(idx - (indices[i + 1] ?? -9)) === 1)).toBe(false);
    expect(indices).not.toEqual(indices.toSorted((one, other) => one - other));
  });

  test('a list is served signed, typed, cacheable and to anybody', async () => {
    const { jwt } = await machineFor({});
    const path = new URL(statusIn(await jwt()).uri).pathname;
    const { status, headers, body } = await get(world.server, path);
    expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type: 'application/statuslist+jwt' });
    expect(headers.get('cache-control')).toMatch(/^public, max-age=(2\d|30)$/);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    const { keys } = (await get(world.server, '/oauth/jwks')).body;
    const { kid, alg, typ } = decodeProtectedHeader(body);
    expect({ alg, typ }).toEqual({ alg: 'ES256', typ: 'statuslist+jwt' });
    expect(keys.map((key: { kid: string }) => key.kid)).toContain(kid);
    expect(decodeJwt(body)).toMatchObject({ sub: `${world.server.issuer}${path}`, ttl: 30 });
  });

  test('who has the copy already is told so; HEAD tells the same without it', async () => {
    const { jwt } = await machineFor({});
    const path = new URL(statusIn(await jwt()).uri).pathname;
    // Within a second the copy is the same one; a test that is slower than that tries again.
    for (let tries = 0; ; tries += 1) {
      const etag = (await get(world.server, path)).headers.get('etag') ?? '';
      const again = await get(world.server, path, { 'if-none-match': etag });
      const head = await observedFetch(world.server.url + path, { method: 'HEAD' });
      if (tries < 5 && (again.status !== 304 || head.headers.get('etag') !== etag)) continue;
      expect({ status: again.status, body: again.body, head: head.status }).toEqual({
        status: 304,
        body: '',
        head: 200,
      });
      expect(again.headers.get('cache-control')).toMatch(/^public/);
      expect((await get(world.server, path, { 'if-none-match': '"another"' })).status).toBe(200);
      return;
    }
  });

  test.each(['/status/1', '/status/999999999', '/status/00', '/status/-1', '/status/x', '/status/', '/status/0/0'])(
    'there is nothing at %s',
    async (path) => {
      expect((await get(world.server, path)).status).toBe(404);
    },
  );

  test('a list cannot be written', async () => {
    const answer = await post(world.server, '/status/0', {});
    expect({ status: answer.status, allow: answer.headers.get('allow') }).toEqual({ status: 405, allow: 'GET, HEAD' });
  });

  test('without include_status they carry none', async () => {
    const { jwt, machine } = await machineFor({ include_status: false });
    const value = await jwt();
    expect(decodeJwt(value).status).toBeUndefined();
    expect(await isActive(world.server, value, machine)).toBe(true);
  });

  test('without include_jti they have none, and can be introspected and revoked all the same', async () => {
    const { jwt, machine } = await machineFor({ include_jti: false });
    const [value, other] = [await jwt(), await jwt()];
    expect(decodeJwt(value).jti).toBeUndefined();
    const seen = await introspect(world.server, value, machine);
    expect(seen).toMatchObject({ active: true, client_id: machine.client_id });
    expect(seen.jti).toBeUndefined();

    expect((await revoke(value, machine)).status).toBe(200);
    expect(await isActive(world.server, value, machine)).toBe(false);
    expect(await isActive(world.server, other, machine)).toBe(true);
  });

  test('without jti and status two of one second are still two', async () => {
    const { jwt, machine } = await machineFor({ include_jti: false, include_status: false });
    const values = await Promise.all(Array.from({ length: 8 }, jwt));
    for (const value of values) expect(await isActive(world.server, value, machine)).toBe(true);
  });

  test('another signature over the same claims is as revoked as the first one', async () => {
    const { jwt, machine } = await machineFor({ include_jti: false });
    const value = await jwt();
    const twin = withOtherSignature(value);
    expect(twin).not.toBe(value);
    expect(await isActive(world.server, twin, machine)).toBe(true);
    await revoke(value, machine);
    expect(await isActive(world.server, twin, machine)).toBe(false);
  });

  test('the API shows and changes what its tokens carry', async () => {
    const { api, jwt } = await machineFor({});
    expect(api).toMatchObject({ include_jti: true, include_status: true });
    const path = `/apis/${encodeURIComponent(api.identifier)}`;
    const changed = await world.admin.patch(path, { include_jti: false, include_status: false });
    expect(changed.body).toMatchObject({ include_jti: false, include_status: false });
    const claims = decodeJwt(await jwt());
    expect([claims.jti, claims.status]).toEqual([undefined, undefined]);
  });
});

function statusIn(jwt: string): { idx: number; uri: string } {
  return (decodeJwt(jwt) as any).status.status_list;
}

/** (r, n − s) signs whatever (r, s) does: the group order of P-256 is no secret. */
function withOtherSignature(jwt: string): string {
  const [header, claims, signature = ''] = jwt.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return `${header}.${claims}.${other.toString('base64url')}`;
}
