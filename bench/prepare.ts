/** What a measurement needs and must not pay for: tokens, codes and signed-in people, made before its clock runs. */
import { type Application, authorize, type Code, type Cookies, createCookies, exchange } from './browser.ts';
import { type Connection, openConnection } from './connection.ts';
import type { RegisteredApplication, Resource } from './registered.ts';
import { basic, type Endpoint, post } from './requests.ts';
import type { Subject } from './subjects.ts';
import { memberOf } from './work.ts';

export interface Amounts {
  /** Requests under way, while preparing as while measuring. */
  readonly atOnce: number;
  /** More than are under way: a server that answers equal questions together must not gain by it. */
  readonly distinct: number;
  /** As many as can be sent, of what is good once. */
  readonly once: number;
}

type AtOnce = Pick<Amounts, 'atOnce'>;

export function endpoint(subject: Subject, path: keyof Subject['paths'], authorization?: string): Endpoint {
  return {
    url: subject.url,
    path: subject.paths[path],
    authorization: authorization ?? basic(subject.registered),
  };
}

export function tokenRequest(subject: Subject, { scope, audience: resource }: Resource): Buffer {
  return post(endpoint(subject, '/token'), { grant_type: 'client_credentials', scope, resource });
}

/** Tokens of the client itself. */
export function issue(subject: Subject, resource: Resource, count: number, atOnce: AtOnce): Promise<string[]> {
  const request = tokenRequest(subject, resource);
  return inParallel(subject, { ...atOnce, count }, async (connection) =>
    memberOf(await connection.exchange(request), 'access_token'),
  );
}

export type Issued = 'access_token' | 'refresh_token';

/** Tokens of people. */
export function issueToPeople(subject: Subject, application: Application, what: Issued, count: number, atOnce: AtOnce) {
  return inParallel(subject, { ...atOnce, count }, async (connection, turn) => {
    const code = await authorizeAs(subject, application, connection, turn);
    return memberOf(await connection.exchange(exchange(application, code)), what);
  });
}

export function codes(subject: Subject, application: Application, count: number, atOnce: AtOnce): Promise<Code[]> {
  return inParallel(subject, { ...atOnce, count }, (connection, turn) =>
    authorizeAs(subject, application, connection, turn),
  );
}

/** The subject's application, as it asks for this scope: an API's, where one is named. */
export function applicationOf(subject: Subject, scope: string, audience?: string): Application {
  const registered = registeredAt(subject);
  const { clientId: client_id, redirectUri: redirect_uri } = registered;
  const resource = audience === undefined ? {} : { resource: audience };
  const asked = { response_type: 'code', client_id, redirect_uri, scope, code_challenge_method: 'S256', ...resource };
  return {
    url: subject.url,
    authorize: `${subject.paths['/auth']}?${new URLSearchParams(asked)}`,
    token: endpoint(subject, '/token', basic(registered)),
    redirectUri: redirect_uri,
    resource: resource as Record<string, string>,
  };
}

export function registeredAt({ name, application }: Subject): RegisteredApplication {
  if (!application) throw new Error(`nobody signs in to ${name}`);
  return application;
}

const browsers = new WeakMap<Subject, Cookies[]>();

/** A turn has a browser to itself, and its person signs in once. */
function authorizeAs(subject: Subject, application: Application, connection: Connection, turn: number): Promise<Code> {
  const { people } = registeredAt(subject);
  const known = browsers.get(subject) ?? people.map(createCookies);
  browsers.set(subject, known);
  const [person, cookies] = [people[turn], known[turn]];
  if (!person || !cookies) throw new Error('there are fewer people than connections');
  return authorize(connection, application, person, cookies);
}

/** @param make is told which of the connections it has */
async function inParallel<Made>(
  { url }: Subject,
  { atOnce, count }: AtOnce & { count: number },
  make: (connection: Connection, turn: number) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = [];
  let left = count;
  async function work(turn: number): Promise<void> {
    const connection = await openConnection('127.0.0.1', Number(new URL(url).port));
    try {
      while (left-- > 0) made.push(await make(connection, turn));
    } finally {
      connection.close();
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, (_, turn) => work(turn)));
  return made;
}
