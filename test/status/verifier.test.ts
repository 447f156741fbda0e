import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { granted, post, startWorld, token, type World } from '../endpoints/protocol.ts';
import { type RegisteredApi, type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { currentRun } from '../support/run.ts';

const TTL_MS = 30_000;
const root = new URL('../../', import.meta.url);

type CreateVerifier = (settings: {
  issuer: string;
  audience: string;
  now?: () => number;
}) => (token: string) => Promise<Record<string, unknown>>;

describe.each(ENGINES)('The offline verifier of docs/status-lists.md on %s', (engine) => {
  let createVerifier: CreateVerifier;
  let world: World;
  let api: RegisteredApi;
  let machine: RegisteredClient;

  beforeAll(async () => {
    createVerifier = await fromThePage();
    world = await startWorld(engine);
    api = await registerApi(world.admin, { access_token_format: 'jwt' });
    machine = await registerMachine(world.admin, 'things:read');
  });

  const issue = async () =>
    granted(await token(world.server, { grant_type: 'client_credentials', scope: 'things:read' }, { as: machine }))
      .access_token as string;
  const verifier = (more = {}) => createVerifier({ issuer: world.server.issuer, audience: api.identifier, ...more });
  const revoke = (value: string) => post(world.server, '/oauth/revoke', { token: value }, { as: machine });

  /** The server's own copy is a second old at most, or as old as a busy machine makes it. */
  const refusedByNewcomers = (value: string) =>
    eventually(
      () =>
        verifier()(value).then(
          () => false,
          () => true,
        ),
      10_000,
    );

  test('accepts a token, and refuses it within the ttl of the list after it was revoked', async () => {
    let ahead = 0;
    const verify = verifier({ now: () => Date.now() + ahead });
    const [value, other] = [await issue(), await issue()];
    expect(await verify(value)).toMatchObject({ client_id: machine.client_id, scope: 'things:read' });
    await revoke(value);
    await refusedByNewcomers(value);
    ahead = TTL_MS;
    await expect(verify(value)).rejects.toThrow('the token was revoked');
    expect(await verify(other)).toMatchObject({ client_id: machine.client_id });
  });

  test('one that fetches the list now refuses it now', async () => {
    const value = await issue();
    await revoke(value);
    await refusedByNewcomers(value);
    await expect(verifier()(value)).rejects.toThrow('the token was revoked');
  });

  test('all of a disabled client are refused', async () => {
    const other = await registerMachine(world.admin, 'things:read');
    const asked = await token(world.server, { grant_type: 'client_credentials', scope: 'things:read' }, { as: other });
    const value = granted(asked).access_token;
    await world.admin.patch(`/clients/${other.client_id}`, { disabled: true });
    await refusedByNewcomers(value);
    await expect(verifier()(value)).rejects.toThrow('the token was revoked');
  });

  test('refuses what is for somebody else, of somebody else, or without a status', async () => {
    const value = await issue();
    await expect(verifier({ audience: 'https://other.example' })(value)).rejects.toThrow('"aud"');
    await expect(verifier()(`${value.slice(0, -8)}AAAAAAAA`)).rejects.toThrow('signature');
    const silent = await registerApi(world.admin, {
      access_token_format: 'jwt',
      include_status: false,
      scopes: [{ name: 'silent', description: 'No status' }],
    });
    const client = await registerMachine(world.admin, 'silent');
    const asked = await token(world.server, { grant_type: 'client_credentials', scope: 'silent' }, { as: client });
    const verify = verifier({ audience: silent.identifier });
    await expect(verify(granted(asked).access_token)).rejects.toThrow('"status"');
  });
});

/** The first block of code on the page, as its reader would save it. */
async function fromThePage(): Promise<CreateVerifier> {
  const page = await readFile(new URL('docs/status-lists.md', root), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const dir = join(currentRun().dir, 'verifier');
  await mkdir(dir, { recursive: true });
  // Where its dependencies are found.
  await symlink(fileURLToPath(new URL('node_modules', root)), join(dir, 'node_modules')).catch(() => {});
  const file = join(dir, 'verifier.mjs');
  await writeFile(file, code);
  const { createVerifier } = (await import(pathToFileURL(file).href)) as { createVerifier: CreateVerifier };
  return createVerifier;
}
