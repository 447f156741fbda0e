import { beforeAll, describe, expect, it } from '@jest/globals';
import { adminApi, registerMachine } from '../support/clients.ts';
import { type Server, startServer } from '../support/server.ts';
import { envOf, mintmark, type Shell } from './command.ts';

let server: Server;
const run = (args: string[], shell: Shell = {}) => mintmark(args, { env: envOf(server), ...shell });

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
});

async function machineWithToken() {
  const machine = await registerMachine(await adminApi(server), 'users:read');
  const { token } = await adminApi({ url: server.url, admin: machine }, 'users:read');
  const status = async () =>
    (await fetch(`${server.url}/api/v1/users`, { headers: { authorization: `Bearer ${token}` } })).status;
  return { client: machine.client_id, token, status };
}

describe('tokens', () => {
  it('are listed by what they are, shown, and revoked by id', async () => {
    const { client, status } = await machineWithToken();
    const listed = await run(['tokens', 'list', '--client_id', client, '--status', 'live', '--json']);
    expect(listed.json.items).toHaveLength(1);
    const [{ id }] = listed.json.items;
    expect((await run(['tokens', 'get', id])).stdout).toMatch(/^status +live$/m);
    expect(await run(['tokens', 'revoke', '--id', id, '--json'])).toMatchObject({ code: 0, json: { revoked: 1 } });
    expect(await status()).toBe(401);
    expect((await run(['tokens', 'list', '--client_id', client])).stdout).toMatch(/access_token +revoked/);
    expect(await run(['tokens', 'revoke', '--id', 'nothing'])).toMatchObject({ code: 1, stdout: '' });
  });

  it('are revoked by their value, which needs no place on the command line', async () => {
    const { token, status } = await machineWithToken();
    const revoked = await run(['tokens', 'revoke', '--token', '-', '--json'], { stdin: `${token}\n` });
    expect(revoked).toMatchObject({ code: 0, json: { revoked: 1 } });
    expect(await status()).toBe(401);
  });

  it('of a client are listed and revoked all together', async () => {
    const { client, status } = await machineWithToken();
    expect((await run(['clients', 'tokens', 'list', client, '--json'])).json.items).toHaveLength(1);
    expect((await run(['clients', 'tokens', 'revoke', client, '--json'])).json).toEqual({ revoked: 1 });
    expect(await status()).toBe(401);
  });
});

describe('rules', () => {
  it('are counted first, made, listed and shown', async () => {
    const { client, status } = await machineWithToken();
    const rule = ['rules', 'create', '--client-id', client, '--kind', 'access_token', '--reason', 'a leak', '--json'];
    expect(await run([...rule, '--dry-run'])).toMatchObject({ code: 0, json: { id: null, matches: 1 } });
    expect(await status()).toBe(200);
    const made = await run(rule);
    expect(made).toMatchObject({ code: 0, json: { matches: 1 } });
    expect(await status()).toBe(401);
    expect((await run(['rules', 'get', made.json.id])).stdout).toMatch(/^reason +a leak$/m);
    expect((await run(['rules', 'list'])).stdout).toContain(client);
  });

  it('without any condition are refused, and say why', async () => {
    const refused = await run(['rules', 'create', '--reason', 'everything']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('at least one of user_id') });
  });
});
