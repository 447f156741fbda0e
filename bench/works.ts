/** From what a case is about to what is sent. */
import { timeOrderedSecret } from '#src/crypto/index.ts';
import { exchange } from './browser.ts';
import { openConnection } from './connection.ts';
import {
  type Amounts,
  applicationOf,
  codes,
  endpoint,
  issue,
  issueToPeople,
  registeredAt,
  tokenRequest,
} from './prepare.ts';
import type { Resource, SigningAlg } from './registered.ts';
import { get, post } from './requests.ts';
import type { Subject } from './subjects.ts';
import type { Work } from './work.ts';

export interface Prepared {
  readonly work: Work;
  /** Looks whether so many requests did what they say. @throws when one did not */
  readonly verify?: (answered: number) => Promise<void>;
}

export type Prepare = (subject: Subject, amounts: Amounts) => Promise<Prepared>;

/** So many of the tokens asked about are of people: each takes a code. */
const SHARE_OF_PEOPLE = 1 / 8;
const LOOKED_AT_AFTERWARDS = 16;

export const clientCredentials =
  (alg?: SigningAlg): Prepare =>
  async (subject) =>
    again([tokenRequest(subject, resourceOf(subject, alg))], '"access_token":"');

/** @param alg where the engine alone refuses to look at signed tokens, it is asked about opaque ones */
export const introspection =
  (alg?: SigningAlg): Prepare =>
  async (subject, amounts) => {
    const resource = resourceOf(subject, subject.kind === 'mintmark' ? alg : undefined);
    if (subject.kind === 'echo') return asked(subject, unknownTokens(amounts));
    return asked(subject, await issue(subject, resource, amounts.distinct, amounts));
  };

export const personalIntrospection: Prepare = async (subject, amounts) =>
  subject.personal ? asked(subject, await subject.personal(amounts.distinct)) : introspection()(subject, amounts);

export const unknownIntrospection: Prepare = async (subject, amounts) =>
  again(questions(subject, unknownTokens(amounts)), '"active":false');

export const codeExchange: Prepare = async (subject, amounts) => {
  const application = applicationOf(subject, subject.registered.scope, subject.registered.audience);
  const made = await codes(subject, application, amounts.once, amounts);
  return once(
    made.map((code) => exchange(application, code)),
    '"refresh_token":"',
  );
};

export const refreshRotation: Prepare = async (subject, amounts) => {
  const application = applicationOf(subject, subject.registered.scope, subject.registered.audience);
  const refreshTokens = await issueToPeople(subject, application, 'refresh_token', amounts.atOnce, amounts);
  return { work: { kind: 'refreshes', token: application.token, refreshTokens } };
};

export const passwordSignIn: Prepare = async (subject) => {
  const { url, registered } = subject;
  if (subject.kind === 'argon2') {
    const request = `POST / HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Length: ${registered.clientSecret.length}`;
    return again([Buffer.from(`${request}\r\n\r\n${registered.clientSecret}`)], '"access_token":"');
  }
  const application = applicationOf(subject, `openid ${registered.scope}`, registered.audience);
  return { work: { kind: 'sign-ins', application, people: registeredAt(subject).people } };
};

/** RFC 7009 §2.2 answers 200 to anything: whether the tokens are dead is asked afterwards. */
export const revocation: Prepare = async (subject, amounts) => {
  const tokens = await issue(subject, subject.registered, amounts.once, amounts);
  const requests = tokens.map((token) => post(endpoint(subject, '/token/revocation'), { token }));
  return {
    ...once(requests, ''),
    async verify(answered) {
      const connection = await openConnection('127.0.0.1', Number(new URL(subject.url).port));
      for (const question of questions(subject, tokens.slice(0, answered).slice(-LOOKED_AT_AFTERWARDS))) {
        const { body } = await connection.exchange(question);
        if (!body.includes('"active":false')) throw new Error(`a revoked token: ${body.toString()}`);
      }
      connection.close();
    },
  };
};

export const userinfo: Prepare = async (subject, amounts) => {
  const application = applicationOf(subject, 'openid');
  const tokens = await issueToPeople(subject, application, 'access_token', amounts.distinct * SHARE_OF_PEOPLE, amounts);
  return again(
    tokens.map((token) => get(endpoint(subject, '/me', `Bearer ${token}`))),
    '"sub":"',
  );
};

/** Living tokens of the subject's own client, or of people. */
export function asked(subject: Subject, tokens: readonly string[]): Prepared {
  return again(questions(subject, tokens), '"active":true');
}

function resourceOf({ registered }: Subject, alg: SigningAlg | undefined): Resource {
  return alg === undefined ? registered : registered.signed[alg];
}

/** Asked by the client the tokens were issued to. */
function questions(subject: Subject, tokens: readonly string[]): Buffer[] {
  return tokens.map((token) => post(endpoint(subject, '/token/introspection'), { token }));
}

/** As if made all through an hour: where they would lie is not one and the same page. */
function unknownTokens({ distinct }: Amounts): string[] {
  return Array.from({ length: distinct }, () => timeOrderedSecret(Date.now() - Math.floor(Math.random() * 3_600_000)));
}

function again(requests: readonly Buffer[], expected: string): Prepared {
  return { work: { kind: 'requests', requests: asText(requests), once: false, expected } };
}

function once(requests: readonly Buffer[], expected: string): Prepared {
  return { work: { kind: 'requests', requests: asText(requests), once: true, expected } };
}

function asText(requests: readonly Buffer[]): string[] {
  return requests.map((request) => request.toString('latin1'));
}
