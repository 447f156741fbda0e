/** Signing in as a browser does that has no screen: cookies, redirects, one form. */
import { createHash, randomBytes } from 'node:crypto';
import type { Answer, Connection } from './connection.ts';
import { type Endpoint, get, post } from './requests.ts';

/** By name alone: all of a server's cookies go to all of its pages, and no two of them share a name. */
export interface Cookies {
  store(head: Buffer): void;
  header(): string;
}

export interface Person {
  readonly username: string;
  readonly password: string;
}

/** The application that people sign in to, and where. */
export interface Application {
  readonly url: string;
  /** The path with all parameters but the PKCE challenge. */
  readonly authorize: string;
  readonly token: Endpoint;
  readonly redirectUri: string;
  /** Parameters of the code exchange. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface Code {
  readonly code: string;
  readonly verifier: string;
}

/** More is a loop. */
const MOST_STEPS = 10;
const ORIGIN = /^https?:\/\/[^/]*/;

export function createCookies(): Cookies {
  const values = new Map<string, string>();
  return {
    store(head) {
      for (const [, name = '', value = ''] of head.toString('latin1').matchAll(/^set-cookie: *([^=]+)=([^;\r]*)/gim)) {
        if (value === '') values.delete(name);
        else values.set(name, value);
      }
    },
    header: () => [...values].map((pair) => pair.join('=')).join('; '),
  };
}

/** From the authorization request to the code. Whoever is signed in, by these cookies, sees no page on the way. */
export async function authorize(
  connection: Connection,
  { url, authorize, redirectUri }: Application,
  { username, password }: Person,
  cookies: Cookies,
): Promise<Code> {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  let path = `${authorize}&code_challenge=${challenge}`;
  let request = get({ url, path, authorization: '' }, cookies.header());
  let posted = false;
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    const answer = await connection.exchange(request);
    cookies.store(answer.head);
    if (answer.status === 200) {
      if (posted) throw wrong(answer);
      posted = true;
      const csrf = /name="csrf" value="([^"]*)"/.exec(answer.body.toString())?.[1] ?? '';
      request = post({ url, path, authorization: '' }, { csrf, username, password }, cookies.header());
    } else {
      const location = locationOf(answer);
      if (location.startsWith(redirectUri)) return { code: codeIn(location), verifier };
      // Of several servers with one issuer, the one that is measured is asked on.
      path = location.replace(ORIGIN, '');
      request = get({ url, path, authorization: '' }, cookies.header());
    }
  }
  throw new Error(`no code after ${MOST_STEPS} steps, at last at ${path}`);
}

export function exchange({ token, redirectUri, resource }: Application, { code, verifier }: Code): Buffer {
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
  return post(token, { ...form, ...resource });
}

export function wrong({ status, head, body }: Answer): Error {
  const location = /^location: (.*?)\r?$/im.exec(head.toString('latin1'))?.[1] ?? '';
  return new Error(`${status} ${location}${body.toString('utf8', 0, 300)}`);
}

function locationOf(answer: Answer): string {
  const location = /^location: (.*?)\r?$/im.exec(answer.head.toString('latin1'))?.[1];
  if (answer.status !== 303 && answer.status !== 302) throw wrong(answer);
  return location ?? '';
}

function codeIn(location: string): string {
  const code = new URL(location).searchParams.get('code');
  if (code === null) throw new Error(`no code in ${location}`);
  return code;
}
