import { beforeAll, describe, expect, test } from '@jest/globals';
import { introspect, post } from '../endpoints/protocol.ts';
import { type RegisteredApi, type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { bearer, makeOwn, OWN_API, request, somebody, withPats } from './support.ts';

const scopes = ['account:read', 'account:write'].map((name) => ({ name, description: 'Something of ours' }));

describe.each(ENGINES)("an API whose scopes are called as those of one's own account here, on %s", (engine) => {
  const world = withPats(engine);
  let bank: RegisteredApi;
  let machine: RegisteredClient;

  beforeAll(async () => {
    bank = await registerApi(world().api, { scopes });
    machine = await registerMachine(world().api, 'account:read account:write users:read');
  });

  const ask = (parameters: Record<string, string>) =>
    post(world().server, '/oauth/token', { grant_type: 'client_credentials', ...parameters }, { as: machine });

  test('is the one that is meant when no API is named', async () => {
    const { status, body } = await ask({ scope: 'account:read account:write' });
    expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'account:read account:write' });
    expect(await introspect(world().server, body.access_token, machine)).toMatchObject({ aud: bank.identifier });
  });

  test('can be changed as any other', async () => {
    const path = `/apis/${encodeURIComponent(bank.identifier)}`;
    expect((await world().api.patch(path, { scopes })).status).toBe(200);
    expect((await world().api.patch(path, { scopes: [{ name: 'admin', description: 'x' }] })).status).toBe(422);
  });

  test('no client is given them of this server', async () => {
    const { body } = await ask({ scope: 'account:read', resource: OWN_API });
    expect(body.error).toBe('invalid_scope');
    const both = await ask({ scope: 'account:write users:read' });
    expect(both.body).not.toHaveProperty('access_token');
    const { body: api } = await world().api.get(`/apis/${OWN_API}`);
    expect(api.scopes.map(({ name }: any) => name)).not.toContain('account:read');
  });

  test('a personal access token is for one of both', async () => {
    const ann = await somebody(world());
    const own = await makeOwn(ann, 'account:read');
    const theirs = await ann.make({ audience: bank.identifier, scopes: ['account:read', 'account:write'] });
    expect((await request(world(), 'GET', '/me', { headers: bearer(own.token) })).status).toBe(200);
    expect((await request(world(), 'GET', '/me', { headers: bearer(theirs.token) })).status).toBe(401);
  });
});
