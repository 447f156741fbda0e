import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Api, Refused } from '#src/cli/index.ts';

export interface Prepared {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly password: string;
}

const CLIENT_ID = 'demo-coffee-app';
const USERNAME = 'ada';

const COFFEE = {
  name: 'Coffee bar',
  access_token_format: 'jwt',
  scopes: [
    { name: 'read:coffee', description: 'See what is on the coffee menu' },
    { name: 'order:coffee', description: 'Order coffee in your name' },
  ],
};
export const SCOPE = 'openid profile email offline_access read:coffee order:coffee';

/** Registers what the sample needs: an API, a client, somebody to sign in. Run again, it finds or replaces what is there. */
export async function prepare(api: Api, app: string, audience: string, dataDir: string): Promise<Prepared> {
  if (!(await created(api, '/apis', { identifier: audience, ...COFFEE }))) {
    await api.request('PATCH', `/apis/${encodeURIComponent(audience)}`, COFFEE);
  }
  const clientSecret = await freshClient(api, app);
  const password = await keptPassword(join(dataDir, 'ada.password'));
  await user(api, { username: USERNAME, name: 'Ada Lovelace', email: 'ada@example.com', password });
  return { clientId: CLIENT_ID, clientSecret, username: USERNAME, password };
}

/** The client is made anew each time: its secret then need not be kept anywhere, and consent is asked for again. */
async function freshClient(api: Api, app: string): Promise<string> {
  await api.request('DELETE', `/clients/${CLIENT_ID}`).catch(unless(404));
  const client = await api.request('POST', '/clients', {
    client_id: CLIENT_ID,
    client_name: 'The Coffee App',
    redirect_uris: [`${app}/callback`],
    post_logout_redirect_uris: [`${app}/signed-out`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: SCOPE,
  });
  return (client as { client_secret: string }).client_secret;
}

async function user(
  api: Api,
  wanted: { username: string; name: string; email: string; password: string },
): Promise<void> {
  if (await created(api, '/users', wanted)) return;
  const { items } = (await api.request('GET', '/users?limit=500')) as { items: { id: string; username: string }[] };
  const found = items.find(({ username }) => username === wanted.username);
  await api.request('PATCH', `/users/${found?.id}`, { password: wanted.password });
}

/** Made once, so that a browser's password manager stays right. */
async function keptPassword(path: string): Promise<string> {
  const fresh = randomBytes(12).toString('base64url');
  await writeFile(path, fresh, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return readFile(path, 'utf8');
}

/** @returns false when it was there already */
async function created(api: Api, path: string, body: object): Promise<boolean> {
  const answer = await api.request('POST', path, body).catch(unless(409));
  return answer !== undefined;
}

function unless(status: number): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof Refused && error.status === status)) throw error;
  };
}
