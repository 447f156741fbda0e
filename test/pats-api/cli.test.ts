import { beforeAll, expect, test } from '@jest/globals';
import { envOf, mintmark, type Shell } from '../cli/command.ts';
import { remember } from '../support/vault.ts';
import { type Person, somebody, withPats } from './support.ts';

const world = withPats('embedded');
let ann: Person;

beforeAll(async () => {
  ann = await somebody(world());
});

const run = (args: string[], shell: Shell = {}) =>
  mintmark(['pats', ...args], { env: envOf(world().server), ...shell });

test('administrators make, see, check and end them', async () => {
  const audience = world().things.identifier;
  const wanted = [
    '--user_id',
    ann.user.id,
    '--name',
    'CI',
    '--scopes',
    'things:read,things:write',
    '--audience',
    audience,
  ];
  const { json: made } = await run(['create', ...wanted, '--expires_in_days', '3', '--json']);
  remember(made.token);
  expect(made).toMatchObject({ user_id: ann.user.id, scopes: ['things:read', 'things:write'] });
  const shown = await run(['list', '--user_id', ann.user.id]);
  expect(shown.stdout).toMatch(/^ID +STATUS +USER_ID +NAME +SCOPES +AUDIENCE +EXPIRES_AT +LAST_USED_AT$/m);
  expect((await run(['get', made.id, '--json'])).json).toMatchObject({ id: made.id, name: 'CI', status: 'live' });

  const body = JSON.stringify({ token: made.token, audience });
  expect(await run(['validate', '--file', '-'], { stdin: body })).toMatchObject({ code: 0 });
  expect(await run(['revoke', made.id])).toMatchObject({ code: 0 });
  const refused = await run(['validate', '--file', '-'], { stdin: body });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/revoked: /) });
});

test('the value is shown once, and said to be', async () => {
  const wanted = [
    '--user_id',
    ann.user.id,
    '--name',
    'CI',
    '--scopes',
    'things:read',
    '--audience',
    world().things.identifier,
  ];
  const { stdout, stderr } = await run(['create', ...wanted]);
  const [value = ''] = /mmp_\S+/.exec(stdout) ?? [];
  remember(value);
  expect(value).toHaveLength(53);
  expect(stderr).toMatch(/Keep the token now/);
  const found = await run(['report', '--file', '-', '--json'], { stdin: JSON.stringify({ tokens: [value] }) });
  expect(found.json).toEqual({ revoked: 1 });
});
