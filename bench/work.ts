/** What the load does, as it is handed to its process, and how one connection does it. */
import { type Application, authorize, createCookies, exchange, type Person, wrong } from './browser.ts';
import type { Answer, Connection } from './connection.ts';
import { type Endpoint, post } from './requests.ts';

export type Work =
  /** Raw requests: in turn and again and again, or each of them once. */
  | {
      readonly kind: 'requests';
      readonly requests: readonly string[];
      readonly once: boolean;
      readonly expected: string;
    }
  /** One chain of refresh tokens per connection: each answer holds what the next request needs. */
  | { readonly kind: 'refreshes'; readonly token: Endpoint; readonly refreshTokens: readonly string[] }
  /** From the authorization request to the tokens, with no cookie of an earlier time. */
  | { readonly kind: 'sign-ins'; readonly application: Application; readonly people: readonly Person[] };

/** Does one thing that is counted. @returns false when there is nothing left to do. @throws at a wrong answer */
export type Errand = (connection: Connection) => Promise<boolean>;

/** What each of the connections does. */
export function errands(work: Work, connections: readonly Connection[]): (readonly [Connection, Errand])[] {
  if (work.kind === 'refreshes') {
    const chains = work.refreshTokens.map((first) => refreshing(work.token, first));
    return connections.map((connection, i) => [connection, chains[i] ?? noErrand]);
  }
  const errand = work.kind === 'requests' ? requesting(work) : signingIn(work);
  return connections.map((connection) => [connection, errand]);
}

const noErrand: Errand = async () => false;

function requesting({ requests, once, expected }: Extract<Work, { kind: 'requests' }>): Errand {
  const bytes = requests.map((request) => Buffer.from(request, 'latin1'));
  const needle = Buffer.from(expected);
  let next = 0;
  return async (connection) => {
    if (once && next >= bytes.length) return false;
    const request = bytes[next++ % bytes.length] as Buffer;
    const answer = await connection.exchange(request);
    if (answer.status !== 200 || !answer.body.includes(needle)) throw wrong(answer);
    return true;
  };
}

function refreshing(token: Endpoint, first: string): Errand {
  let refreshToken = first;
  return async (connection) => {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const answer = await connection.exchange(post(token, form));
    const next = memberOf(answer, 'refresh_token');
    if (next === refreshToken) throw new Error('the refresh token was not rotated');
    refreshToken = next;
    return true;
  };
}

function signingIn({ application, people }: Extract<Work, { kind: 'sign-ins' }>): Errand {
  let next = 0;
  return async (connection) => {
    const person = people[next++ % people.length] as Person;
    const code = await authorize(connection, application, person, createCookies());
    const answer = await connection.exchange(exchange(application, code));
    for (const name of ['access_token', 'refresh_token', 'id_token']) memberOf(answer, name);
    return true;
  };
}

/** @throws unless it is a 200 that holds the member */
export function memberOf(answer: Answer, name: string): string {
  const value =
    answer.status === 200 ? (JSON.parse(answer.body.toString()) as Record<string, unknown>)[name] : undefined;
  if (typeof value !== 'string') throw wrong(answer);
  return value;
}
