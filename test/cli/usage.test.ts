import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomId } from '#src/crypto/index.ts';
import { type Server, startServer } from '../support/server.ts';
import { envOf, mintmark } from './command.ts';

/** Nothing listens on the discard port of the loopback interface. */
const NOBODY = 'http://127.0.0.1:9999';

let server: Server;
let env: Record<string, string>;
let empty: string;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  env = envOf(server);
  empty = await mkdtemp(join(tmpdir(), 'mintmark-cli-'));
});
afterAll(() => rm(empty, { recursive: true, force: true }));

describe('help', () => {
  it('lists every noun', async () => {
    const { code, stdout } = await mintmark(['--help']);
    expect(code).toBe(0);
    for (const noun of ['serve', 'migrate', 'doctor', 'clients', 'apis', 'users', 'keys']) {
      expect(stdout).toMatch(new RegExp(`^  ${noun} `, 'm'));
    }
  });

  it('of a noun lists its verbs, without a server', async () => {
    const { code, stdout } = await mintmark(['clients', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('secrets add <client_id>');
  });

  it('of a verb lists the members that the server takes', async () => {
    const { code, stdout } = await mintmark(['clients', 'create', '--help'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('--redirect_uris <a,b>');
    expect(stdout).toContain('--metadata <json>');
    expect(stdout).toMatch(/--access_token_ttl <n> +Seconds/);
  });

  it('of a verb says where the flags come from when no server answers', async () => {
    const { code, stdout } = await mintmark(['clients', 'create', '--help', '--url', NOBODY]);
    expect(code).toBe(0);
    expect(stdout).toContain(`cannot reach ${NOBODY}`);
  });
});

describe('wrong usage is exit code 2', () => {
  const wrong: [string, string[], RegExp][] = [
    ['no noun', [], /needs a noun/],
    ['an unknown noun', ['coins', 'list'], /unknown noun "coins"/],
    ['a noun of every object', ['constructor', 'list'], /unknown noun "constructor"/],
    ['no verb', ['clients'], /needs a verb/],
    ['an unknown verb', ['clients', 'mint'], /no verb "mint"/],
    ['an unknown flag', ['clients', 'create', '--client_nam', 'x'], /unknown flag --client_nam$/m],
    ['a flag of another verb', ['clients', 'get', 'x', '--limit', '3'], /unknown flag --limit/],
    ['a missing argument', ['clients', 'get'], /missing <client_id>/],
    ['an argument too many', ['clients', 'get', 'a', 'b'], /unexpected "b"/],
    ['one that begins with a dash', ['clients', 'get', 'a', '-b'], /unexpected "-b"/],
    ['a flag without its value', ['clients', 'create', '--client_name'], /--client_name needs a value/],
    ['a number that is none', ['clients', 'list', '--limit', 'many'], /--limit is "many"; it must be a number/],
    ['JSON that is none', ['clients', 'create', '--metadata', '{'], /--metadata must be JSON/],
    ['a change of nothing', ['clients', 'update', 'x'], /nothing to change/],
    ['a file that is not there', ['clients', 'create', '--file', '/nowhere.json'], /--file \/nowhere.json: ENOENT/],
    ['a URL that is none', ['clients', 'list', '--url', 'here'], /--url is "here"/],
  ];
  it.each(wrong)('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await mintmark(args, { env });
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('a body that is not an object', async () => {
    const { code, stderr } = await mintmark(['clients', 'create', '--file', '-'], { env, stdin: '[1]' });
    expect(code).toBe(2);
    expect(stderr).toContain('must hold one JSON object');
  });

  it.each([
    ['one dash', '-9aKlrn3c', ['-9aKlrn3c']],
    ['two, behind the end of flags', '--aKlrn3c', ['--', '--aKlrn3c']],
  ])('takes an id that begins with %s for an id', async (_what, id, words) => {
    const named = ['clients', 'create', `--client_id=${id}`, '--grant_types', 'client_credentials', '--json'];
    expect(await mintmark(named, { env })).toMatchObject({ code: 0 });
    const { code, json } = await mintmark(['clients', 'get', '--json', ...words], { env });
    expect({ code, id: json?.client_id }).toEqual({ code: 0, id });
  });

  it('which no id that is made here needs: none begins with a dash', () => {
    expect(Array.from({ length: 5_000 }, randomId).filter((id) => id.startsWith('-'))).toEqual([]);
  });

  it.each(['--pasword', '-password'])('and never repeats the value of %s, which may be a secret', async (flag) => {
    const { code, stderr } = await mintmark(['users', 'create', `${flag}=correct-horse`], { env });
    expect(code).toBe(2);
    expect(stderr).toContain(`unknown flag ${flag}`);
    expect(stderr).not.toContain('correct-horse');
  });

  it('no credentials anywhere', async () => {
    const lost = { MINTMARK_DATA_DIR: empty, MINTMARK_ISSUER: server.url };
    const { code, stderr } = await mintmark(['clients', 'list'], { env: lost });
    expect(code).toBe(2);
    expect(stderr).toContain('MINTMARK_CLIENT_ID and MINTMARK_CLIENT_SECRET');
  });

  it('half of the credentials', async () => {
    const { code, stderr } = await mintmark(['clients', 'list'], { env: { ...env, MINTMARK_CLIENT_SECRET: '' } });
    expect(code).toBe(2);
    expect(stderr).toContain('MINTMARK_CLIENT_SECRET is not set');
  });
});

describe('a refusal is exit code 1', () => {
  it('in one line when no server answers', async () => {
    const { code, stdout, stderr } = await mintmark(['clients', 'list', '--url', NOBODY], { env });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toBe(`cannot reach ${NOBODY} (ECONNREFUSED); is the server running there?\n`);
  });

  it('when the credentials are wrong', async () => {
    const { code, stderr } = await mintmark(['clients', 'list'], { env: { ...env, MINTMARK_CLIENT_SECRET: 'wrong' } });
    expect(code).toBe(1);
    expect(stderr).toContain('client authentication failed');
  });

  it('with the detail and every member that is wrong', async () => {
    const args = ['clients', 'create', '--client_name', 'x', '--redirect_uris', 'nowhere', '--grant_types', 'wishes'];
    const { code, stderr } = await mintmark(args, { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\S.*\n {2}\w.*: .*$/m);
    expect(stderr).toContain('grant_types.0');
  });
});

it('keys secret prints a fresh 32-byte key each time', async () => {
  const first = await mintmark(['keys', 'secret']);
  const second = await mintmark(['keys', 'secret']);
  expect(first.stdout).toMatch(/^[\w-]{43}\n$/);
  expect(Buffer.from(first.stdout.trim(), 'base64url')).toHaveLength(32);
  expect(second.stdout).not.toBe(first.stdout);
});
