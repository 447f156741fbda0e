import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { adminApi, registerApi, registerMachine } from '../support/clients.ts';
import { basic, observedFetch } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';
import { blocks, ROOT, textOf } from './markdown.ts';

const AUDIENCE = 'https://orders.example';

describe('the example of verify-tokens.md', () => {
  let server: Server;
  let token: string;

  beforeAll(async () => {
    server = await startServer({ engine: 'embedded' });
    const admin = await adminApi(server);
    const scopes = [{ name: 'orders:read' }, { name: 'orders:write' }];
    await registerApi(admin, { identifier: AUDIENCE, access_token_format: 'jwt', scopes });
    const { client_id, client_secret } = await registerMachine(admin, 'orders:read');
    const answer = await observedFetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(client_id, client_secret) },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' }),
    });
    token = ((await answer.json()) as { access_token: string }).access_token;
  }, 60_000);

  /** Runs the example as an API would, on one header; resolves to the claims, or to the error's message. */
  async function verdict(header: string, scope: string): Promise<Record<string, unknown>> {
    const example = blocks(textOf('docs/verify-tokens.md')).find(({ language }) => language === 'js');
    const ask = `authorize(${JSON.stringify(header)}, ${JSON.stringify(scope)})
      .then((claims) => console.log(JSON.stringify(claims)), ({ message }) => console.log(JSON.stringify({ message })));`;
    const program = `${example?.text.replaceAll('http://localhost:3000', server.url)}\n${ask}`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT });
    return JSON.parse((await run).stdout) as Record<string, unknown>;
  }

  test('reads the claims of a good token', async () => {
    const claims = await verdict(`Bearer ${token}`, 'orders:read');
    expect(claims).toMatchObject({ iss: server.issuer, aud: AUDIENCE, scope: 'orders:read' });
  });

  test('refuses a scope the token does not have', async () => {
    expect(await verdict(`Bearer ${token}`, 'orders:write')).toEqual({ message: 'insufficient_scope' });
  });

  test('refuses a token that was tampered with, and none at all', async () => {
    const [head = '', , signature = ''] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ iss: server.issuer, aud: AUDIENCE, scope: 'orders:read' }));
    const forged = `${head}.${claims.toString('base64url')}.${signature}`;
    expect(await verdict(`Bearer ${forged}`, 'orders:read')).toEqual({ message: 'signature verification failed' });
    expect(await verdict('', 'orders:read')).toEqual({ message: 'Invalid Compact JWS' });
  });
});
