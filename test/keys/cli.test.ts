import { expect, test } from '@jest/globals';
import { envOf, mintmark } from '../cli/command.ts';
import { startServer } from '../support/server.ts';

test('mintmark keys lists, rotates and revokes', async () => {
  const server = await startServer({ engine: 'embedded' });
  const keys = (...args: string[]) => mintmark(['keys', ...args], { env: envOf(server) });

  const listed = await keys('list', '--json');
  const es256 = listed.json.items.find(({ alg }: { alg: string }) => alg === 'ES256');
  expect((await keys('list')).stdout).toMatch(new RegExp(`KID +ALG +STATE[^]*${es256.kid} +ES256 +current`));

  const rotated = await keys('rotate', '--alg', 'ES256', '--json');
  expect(rotated).toMatchObject({ code: 0, json: { items: [{ alg: 'ES256', state: 'next' }] } });
  const forward = await keys('rotate', '--alg', 'ES256', '--immediately', '--json');
  expect(forward.json.items).toMatchObject([{ kid: rotated.json.items[0].kid, state: 'current' }]);

  const revoked = await keys('revoke', es256.kid);
  expect(revoked).toMatchObject({ code: 0, stdout: expect.stringContaining(rotated.json.items[0].kid) });
  expect(await keys('revoke', es256.kid)).toMatchObject({ code: 1, stderr: expect.stringContaining('signing key') });
});
