import { Refused } from './command.ts';
import { harmless, type Json } from './print.ts';

export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

export interface Api {
  /**
   * @param path below /api/v1
   * @returns the answer's JSON, undefined when it has none (204)
   * @throws {Refused} with the server's own words
   */
  request(method: string, path: string, body?: unknown): Promise<Json | undefined>;
}

/** Longer than any answer of a healthy server. */
const PATIENCE_MS = 30_000;

/** The admin API of the server at `url`, as the client that `credentials` yields when they are first needed. */
export function connect(url: string, credentials: () => Promise<Credentials>): Api {
  let token: Promise<string> | undefined;
  return {
    async request(method, path, body) {
      token ??= credentials().then((client) => adminToken(url, client));
      const response = await send(new URL(`/api/v1${path}`, url), {
        method,
        headers: {
          authorization: `Bearer ${await token}`,
          accept: 'application/json, application/problem+json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return answer(response);
    },
  };
}

/** RFC 6749 §4.4, the client authenticated as §2.3.1 says: both halves form-encoded, then Basic. */
async function adminToken(url: string, { id, secret }: Credentials): Promise<string> {
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
  const response = await send(new URL('/oauth/token', url), {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'admin' }),
  });
  const token = (await answer(response)) as { access_token?: unknown } | undefined;
  if (typeof token?.access_token === 'string') return token.access_token;
  throw new Refused(`${url} answered the token request without an access token; is it a Mintmark server?`);
}

/** @throws {Refused} in one line when nobody answers */
export async function send(url: URL, init: RequestInit = {}): Promise<Response> {
  try {
    // A redirect would carry the credentials to wherever the answer says.
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    throw new Refused(`cannot reach ${url.origin} (${reason(error)}); is the server running there?`);
  }
}

function reason(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string };
  return cause?.code ?? cause?.message ?? message;
}

async function answer(response: Response): Promise<Json | undefined> {
  const text = await response.text();
  const body = parsed(text);
  if (!response.ok) throw new Refused(complaint(response.status, body), response.status);
  if (text !== '' && body === undefined) throw new Refused(`${response.url} answered ${response.status} without JSON`);
  return body;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** `detail` and `errors` of RFC 9457, or what OAuth calls them (RFC 6749 §5.2). */
function complaint(status: number, body: Json | undefined): string {
  const said = (typeof body === 'object' && !Array.isArray(body) ? body : null) ?? {};
  const headline = said.detail ?? said.error_description ?? said.title ?? said.error ?? `the server answered ${status}`;
  const errors = Array.isArray(said.errors) ? (said.errors as { path?: string; message?: string }[]) : [];
  return [String(headline), ...errors.map(({ path, message }) => `  ${path || 'body'}: ${message}`)]
    .map(harmless)
    .join('\n');
}
