/** People with second factors, set up as they would do it themselves: through the API. */
import type { Authenticator } from './authenticator.ts';
import type { ApiResponse, RegisteredUser } from './clients.ts';
import { observedFetch } from './http.ts';
import type { Server } from './server.ts';
import { totpCode } from './totp.ts';
import { remember, rememberMembers } from './vault.ts';

export interface SignedIn {
  readonly token: string;
  call(method: string, path: string, body?: unknown): Promise<ApiResponse>;
}

/** One call of the API, with a session token where there is one. */
export async function callApi(
  server: Pick<Server, 'url'>,
  method: string,
  path: string,
  { token, body }: { token?: string; body?: unknown } = {},
): Promise<ApiResponse> {
  rememberMembers(body);
  const response = await observedFetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

/** Signs in headlessly with the password. @throws unless the answer is 200 */
export async function authenticate(
  server: Pick<Server, 'url'>,
  { username, password }: Pick<RegisteredUser, 'username' | 'password'>,
): Promise<SignedIn & { readonly state: string; readonly queries: { type: string }[] }> {
  const answer = await callApi(server, 'POST', '/authenticate', { body: { method: 'password', username, password } });
  if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${JSON.stringify(answer.body)}`);
  const { session_token: token, state, queries } = answer.body;
  remember(token);
  return { token, state, queries, call: (method, path, body) => callApi(server, method, path, { token, body }) };
}

/** Signs in headlessly with a passkey: two factors at once, whoever it belongs to. */
export async function authenticateByPasskey(
  server: Pick<Server, 'url' | 'issuer'>,
  device: Pick<Authenticator, 'get'>,
): Promise<SignedIn> {
  const { challenge_id, options } = (await callApi(server, 'POST', '/authenticate/options')).body;
  const response = device.get(options, server.issuer);
  const proof = { method: 'webauthn', challenge_id, response };
  const answer = await callApi(server, 'POST', '/authenticate', { body: proof });
  if (answer.body.state !== 'full') throw new Error(`no session: ${answer.status} ${JSON.stringify(answer.body)}`);
  const token: string = answer.body.session_token;
  remember(token);
  return { token, call: (method, path, body) => callApi(server, method, path, { token, body }) };
}

export interface Enrolled {
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** Sets up an authenticator app. The code that confirms it is of the step before, so the present one is still good. */
export async function enrollTotp(server: Pick<Server, 'url'>, user: RegisteredUser): Promise<Enrolled> {
  const session = await authenticate(server, user);
  const begun = await session.call('POST', '/me/totp', {});
  const { secret, enrollment } = begun.body;
  remember(secret);
  const confirmed = await session.call('POST', '/me/totp', { enrollment, code: totpCode(secret, -1) });
  if (confirmed.status >= 300) throw new Error(`not enrolled: ${confirmed.status} ${JSON.stringify(confirmed.body)}`);
  await session.call('DELETE', '/session');
  return { secret, recoveryCodes: confirmed.body.recovery_codes };
}
