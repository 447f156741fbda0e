import { beforeAll, describe, expect, it } from '@jest/globals';
import { envOf, mintmark, type Shell } from '../cli/command.ts';
import { type Server, startServer } from '../support/server.ts';
import { AT_FIRST } from './policy.ts';

let server: Server;
const run = (args: string[], shell: Shell = {}) => mintmark(args, { env: envOf(server), ...shell });

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
});

describe('mintmark policies', () => {
  it('makes, shows, changes, lists and deletes a policy', async () => {
    const made = await run(['policies', 'create', '--name', 'Staff', '--secondary', '{"require_any":true}', '--json']);
    expect(made).toMatchObject({
      code: 0,
      json: { name: 'Staff', primary: AT_FIRST.primary, secondary: { require_any: true, allow_enrollment: true } },
    });
    const { id } = made.json;

    const change = ['--primary', '{"updb":{"min_password_length":15}}', '--tags', '{"team":"blue"}'];
    const changed = await run(['policies', 'update', id, ...change, '--json']);
    expect(changed.json).toMatchObject({
      tags: { team: 'blue' },
      primary: { updb: { min_password_length: 15, max_attempts: 10 } },
      secondary: { require_any: true },
    });

    expect((await run(['policies', 'get', id])).stdout).toMatch(/^session +\{"idle_timeout":1209600/m);
    const listed = await run(['policies', 'list']);
    expect(listed.stdout).toMatch(/^ID +NAME +UPDATED_AT$/m);
    expect(listed.stdout).toMatch(/^default +Default +\S+Z$/m);
    expect(listed.stdout).toContain(id);

    expect(await run(['policies', 'delete', id])).toMatchObject({ code: 0, stdout: 'policies delete: done\n' });
    expect(await run(['policies', 'get', id])).toMatchObject({ code: 1, stdout: '' });
  });

  it('makes one from a file on stdin', async () => {
    const stdin = '{"name":"Short","session":{"idle_timeout":300,"lifetime":3600}}';
    const made = await run(['policies', 'create', '--file', '-', '--json'], { stdin });
    expect(made).toMatchObject({ code: 0, json: { session: { idle_timeout: 300, lifetime: 3600 } } });
  });

  it('says which rule is broken, and that default stays', async () => {
    const refused = await run(['policies', 'update', 'default', '--session', '{"idle_timeout":1}']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe('a rule says no\n  session.idle_timeout: must be 60 to 31536000\n');
    const kept = await run(['policies', 'delete', 'default']);
    expect(kept).toMatchObject({ code: 1, stderr: 'the default policy cannot be deleted\n' });
  });

  it('lists the members with their meaning in --help', async () => {
    const { stdout } = await run(['policies', 'create', '--help']);
    for (const flag of ['--name', '--tags', '--primary', '--secondary', '--session']) expect(stdout).toContain(flag);
  });
});
