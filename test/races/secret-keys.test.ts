import { describe, expect, test } from '@jest/globals';
import { adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { restart, startServer } from '../support/server.ts';
import { codeFor, exchange, introspect, post } from './app.ts';

const OLD = Buffer.alloc(32, 1).toString('base64url');
const NEW = Buffer.alloc(32, 2).toString('base64url');

describe.each(ENGINES)('A new secret key put in front of the old one on %s', (engine) => {
  test('leaves every client, token and code usable, each still once, and both kinds revocable', async () => {
    const server = await startServer({ engine, env: { MINTMARK_SECRET_KEYS: OLD } });
    const admin = await adminApi(server);
    await registerApi(admin, { access_token_format: 'jwt' });
    const user = await registerUser(admin);
    const app = { ...(await registerClient(admin, { scope: 'openid things:read', first_party: true })), user };
    const { body: tokens } = await exchange(server, app, await codeFor(server, app));
    const code = await codeFor(server, app);
    await server.stop();

    const rotated = await restart(server, { MINTMARK_SECRET_KEYS: `${NEW},${OLD}` });
    expect(await introspect(rotated, app, tokens.access_token)).toMatchObject({ active: true });
    expect((await exchange(rotated, app, code)).status).toBe(200);
    expect((await exchange(rotated, app, code)).body.error).toBe('invalid_grant');

    const refresh = () =>
      post(rotated, '/oauth/token', app, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
    await post(rotated, '/oauth/revoke', app, { token: tokens.access_token });
    expect(await introspect(rotated, app, tokens.access_token)).toMatchObject({ active: false });
    const answers = await Promise.all([refresh(), refresh(), refresh()]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
  });
});
