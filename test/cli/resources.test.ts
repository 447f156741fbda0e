import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { envOf, mintmark, type Shell } from './command.ts';

let server: Server;
const run = (args: string[], shell: Shell = {}) => mintmark(args, { env: envOf(server), ...shell });

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
});

describe('apis', () => {
  it('are made from flags, found by their URL, changed and deleted', async () => {
    const identifier = 'https://coffee.example/api?v=1';
    const scope = '{"name":"read:coffee","description":"See the menu"}';
    const made = await run([
      'apis',
      'create',
      '--identifier',
      identifier,
      '--name',
      'Coffee',
      '--scopes',
      scope,
      '--json',
    ]);
    expect(made).toMatchObject({ code: 0, json: { identifier, scopes: [JSON.parse(scope)] } });

    const more = '[{"name":"read:coffee"},{"name":"order:coffee"}]';
    const changed = await run([
      'apis',
      'update',
      identifier,
      '--scopes',
      more,
      '--access-token-format',
      'jwt',
      '--json',
    ]);
    expect(changed.json.scopes.map(({ name }: { name: string }) => name)).toEqual(['read:coffee', 'order:coffee']);
    expect(changed.json.access_token_format).toBe('jwt');

    const shown = await run(['apis', 'get', identifier]);
    expect(shown.stdout).toMatch(/^scopes +read:coffee order:coffee$/m);

    expect(await run(['apis', 'delete', identifier])).toMatchObject({ code: 0, stdout: 'apis delete: done\n' });
    expect(await run(['apis', 'get', identifier])).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('clients', () => {
  it('take every kind of member as a flag, in both spellings', async () => {
    const { code, json } = await run([
      ...['clients', 'create', '--json', '--client-name', 'My app', '--client_id', 'my-app'],
      ...['--redirect_uris', 'https://a.example/cb,https://b.example/cb', '--redirect_uris=https://c.example/cb'],
      ...['--first_party', '--disabled=false', '--access_token_ttl', '600'],
      ...['--metadata', '{"team":"blue"}'],
    ]);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      client_id: 'my-app',
      client_name: 'My app',
      redirect_uris: ['https://a.example/cb', 'https://b.example/cb', 'https://c.example/cb'],
      first_party: true,
      disabled: false,
      access_token_ttl: 600,
      metadata: { team: 'blue' },
    });
    expect(json.client_secret).toMatch(/^[\w-]{43}$/);

    const emptied = await run(['clients', 'update', 'my-app', '--access_token_ttl', 'null', '--json']);
    expect(emptied.json.access_token_ttl).toBeNull();
  });

  it('are made from a file, in which a flag overrides a member', async () => {
    const file = join(server.dataDir, 'client.json');
    const machine = { client_name: 'From a file', grant_types: ['client_credentials'], metadata: { team: 'red' } };
    await writeFile(file, JSON.stringify(machine));
    const made = await run(['clients', 'create', '--file', file, '--client_name', 'From a flag', '--json']);
    expect(made.json).toMatchObject({ client_name: 'From a flag', metadata: { team: 'red' } });
  });

  it('are made from stdin', async () => {
    const stdin = '{"client_name":"From stdin","grant_types":["client_credentials"]}';
    const made = await run(['clients', 'create', '--file', '-', '--json'], { stdin });
    expect(made.json).toMatchObject({ client_name: 'From stdin', grant_types: ['client_credentials'] });
  });

  it('are listed in pages that --all follows', async () => {
    const whole = await run(['clients', 'list', '--json']);
    const first = await run(['clients', 'list', '--limit', '1', '--json']);
    expect(first.json.items).toEqual(whole.json.items.slice(0, 1));
    const second = await run(['clients', 'list', '--limit', '1', '--cursor', first.json.next_cursor, '--json']);
    expect(second.json.items).toEqual(whole.json.items.slice(1, 2));
    const all = await run(['clients', 'list', '--limit', '1', '--all', '--json']);
    expect(all.json).toEqual({ items: whole.json.items, next_cursor: null });
  });

  it('are listed as a table that says when there is more', async () => {
    const { stdout, stderr } = await run(['clients', 'list', '--limit', '1']);
    expect(stdout).toMatch(/^CLIENT_ID +CLIENT_NAME +GRANT_TYPES/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toMatch(/^There is more: --cursor \S+, or --all$/m);
  });

  it('cannot steer the terminal by their names', async () => {
    const made = await run([
      'clients',
      'create',
      '--client_name',
      'safe\u202egro.elpmaxe',
      '--grant_types',
      'client_credentials',
    ]);
    expect(made.stdout + made.stderr).not.toContain('\u202e');
    const listed = await run(['clients', 'list']);
    expect(listed.stdout).not.toContain('\u202e');
  });

  it('have secrets that are shown once', async () => {
    const made = await run([
      'clients',
      'create',
      '--client_id',
      'rotating',
      '--client_name',
      'R',
      '--grant_types',
      'client_credentials',
    ]);
    expect(made.stdout).toMatch(/^client_secret +[\w-]{43}$/m);
    remember(/^client_secret +(\S+)$/m.exec(made.stdout)?.[1] ?? '');
    expect(made.stderr).toContain('not shown again');

    const added = await run(['clients', 'secrets', 'add', 'rotating', '--expires_previous_in', '60', '--json']);
    expect(added.json.client_secret).toMatch(/^[\w-]{43}$/);
    const listed = await run(['clients', 'secrets', 'list', 'rotating', '--json']);
    expect(listed.json.items).toHaveLength(2);
    expect(listed.stdout).not.toContain(added.json.client_secret);

    expect(await run(['clients', 'secrets', 'remove', 'rotating', added.json.id])).toMatchObject({ code: 0 });
    const left = await run(['clients', 'secrets', 'list', 'rotating', '--json']);
    expect(left.json.items).toHaveLength(1);
  });
});

describe('users', () => {
  it('get a password from stdin, are disabled for a time, enabled and deleted', async () => {
    const password = 'correct horse battery staple';
    remember(password);
    const args = ['users', 'create', '--username', 'ada', '--name', 'Ada', '--password', '-', '--json'];
    const made = await run(args, { stdin: `${password}\n` });
    expect(made).toMatchObject({ code: 0, json: { username: 'ada', has_password: true } });
    expect(made.stdout).not.toContain(password);
    const { id } = made.json;

    expect((await run(['users', 'disable', id, '--duration', '60', '--json'])).json.disabled).toBe(true);
    expect((await run(['users', 'enable', id, '--json'])).json).toMatchObject({
      disabled: false,
      disabled_until: null,
    });
    expect((await run(['users', 'update', id, '--name', 'null', '--json'])).json.name).toBeNull();
    expect(await run(['users', 'delete', id, '--json'])).toMatchObject({ code: 0, stdout: '' });
    expect(await run(['users', 'get', id])).toMatchObject({ code: 1, stderr: expect.stringMatching(/user/) });
  });
});

it('finds the server and the credentials in the data directory by itself', async () => {
  const { code, json } = await mintmark(['clients', 'list', '--json'], { env: { MINTMARK_DATA_DIR: server.dataDir } });
  expect(code).toBe(0);
  expect(json.items[0].client_id).toBe(server.admin.client_id);
});
