import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { adminApi, registerUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { rememberMembers } from '../support/vault.ts';
import { blocks, textOf } from './markdown.ts';

const page = blocks(textOf('docs/headless.md'));
const indexOfCommand = page.findIndex(({ language }) => language === 'sh');

test('the first example of headless.md works as typed, and answers what it shows', async () => {
  const server = await startServer({ engine: 'embedded' });
  const [command, shown] = [page[indexOfCommand]?.text ?? '', page[indexOfCommand + 1]?.text ?? ''];
  const [, username = '', password = ''] = /"username":"(\w+)","password":"([^"]+)"/.exec(command) ?? [];
  await registerUser(await adminApi(server), { username, password });

  const typed = command.replace('http://localhost:3000', server.url);
  const { stdout } = await promisify(execFile)('sh', ['-euc', typed]);
  const answer = JSON.parse(stdout);
  rememberMembers(answer);
  const example = JSON.parse(shown);
  expect(answer).toEqual({ ...example, session_token: answer.session_token, expires_at: answer.expires_at });
  expect(answer.expires_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});
