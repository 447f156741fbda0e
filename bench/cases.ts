import type { Subject } from './subjects.ts';

/** One row of the bench. Later rows: a JWT, a refresh, a code exchange, a password. */
export interface Case {
  readonly name: string;
  /** What is signed, and with what. */
  readonly signature: string;
  /** The requests to send in turn. */
  readonly requests: (subject: Subject) => Promise<string[]>;
  /** What the body of every 200 must hold. */
  readonly expected: string;
}

/** More than are under way at once: a server that answers equal questions together must not gain by it. */
export const DISTINCT_TOKENS = 512;

export const CASES: readonly Case[] = [
  {
    name: 'client_credentials, opaque token',
    signature: 'nothing is signed',
    requests: async (subject) => [tokenRequest(subject)],
    expected: '"access_token":"',
  },
  {
    name: 'introspection of opaque tokens',
    signature: 'nothing is signed',
    requests: introspections,
    expected: '"active":true',
  },
  {
    name: 'introspection of personal access tokens',
    signature: 'nothing is signed; the bare engine knows none, and is asked about opaque tokens',
    requests: (subject) =>
      subject.personal ? personalIntrospections(subject, subject.personal) : introspections(subject),
    expected: '"active":true',
  },
];

function tokenRequest(subject: Subject): string {
  const { scope, audience: resource } = subject.registered;
  return formPost(subject, '/token', { grant_type: 'client_credentials', scope, resource });
}

/** Tokens of the same server, introspected by the client they were issued to. */
async function introspections(subject: Subject): Promise<string[]> {
  const requests: string[] = [];
  while (requests.length < DISTINCT_TOKENS) {
    const batch = await Promise.all(Array.from({ length: 32 }, () => issue(subject)));
    requests.push(...batch.map((token) => formPost(subject, '/token/introspection', { token })));
  }
  return requests;
}

/** Tokens that people made, introspected by a client of the API they are for. */
async function personalIntrospections(subject: Subject, tokens: () => Promise<string[]>): Promise<string[]> {
  return (await tokens()).map((token) => formPost(subject, '/token/introspection', { token }));
}

async function issue(subject: Subject): Promise<string> {
  const { scope, audience: resource } = subject.registered;
  const response = await fetch(subject.url + subject.paths['/token'], {
    method: 'POST',
    headers: { authorization: basic(subject) },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (!token) throw new Error(`${subject.name} issued no token: ${response.status}`);
  return token;
}

/** @param endpoint by the engine's own name */
export function formPost(subject: Subject, endpoint: keyof Subject['paths'], form: Record<string, string>): string {
  const body = new URLSearchParams(form).toString();
  return [
    `POST ${subject.paths[endpoint]} HTTP/1.1`,
    `Host: ${new URL(subject.url).host}`,
    `Authorization: ${basic(subject)}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

function basic({ registered: { clientId, clientSecret } }: Subject): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
}
