/** The rows of the bench. */
import type { Effort } from './measure.ts';
import type { Kind } from './subjects.ts';
import {
  clientCredentials,
  codeExchange,
  introspection,
  type Prepare,
  passwordSignIn,
  personalIntrospection,
  refreshRotation,
  revocation,
  unknownIntrospection,
  userinfo,
} from './works.ts';

export interface Case {
  readonly name: string;
  /** What is signed, and with what; and where the references do something else. */
  readonly note: string;
  readonly prepare: Prepare;
  /** Compared with more than the engine. */
  readonly beside?: Kind;
  /** Each request is good once: so many are made for each second, before the clock runs. */
  readonly perSecond?: number;
  /** Under way at once, where that is fewer than elsewhere. */
  readonly concurrency?: number;
}

const NO_ROW = 'the engine alone keeps no row of it, Mintmark does';
const OPAQUE_ASKED = 'the engine alone introspects no such tokens, and is asked about opaque ones';

export const CASES: readonly Case[] = [
  { name: 'client credentials, opaque', note: 'nothing is signed', prepare: clientCredentials(), beside: 'echo' },
  { name: 'introspection, opaque', note: 'nothing is signed', prepare: introspection(), beside: 'echo' },
  { name: 'code exchange', note: 'PKCE; opaque access and refresh tokens', prepare: codeExchange, perSecond: 3_000 },
  { name: 'refresh rotation', note: 'opaque; every use makes a new one', prepare: refreshRotation },
  { name: 'client credentials, JWT ES256', note: `ES256; ${NO_ROW}`, prepare: clientCredentials('ES256') },
  { name: 'client credentials, JWT EdDSA', note: `Ed25519; ${NO_ROW}`, prepare: clientCredentials('Ed25519') },
  { name: 'client credentials, JWT RS256', note: `RSA-2048; ${NO_ROW}`, prepare: clientCredentials('RS256') },
  { name: 'introspection, JWT', note: `ES256; ${OPAQUE_ASKED}`, prepare: introspection('ES256') },
  { name: 'introspection, personal access token', note: OPAQUE_ASKED, prepare: personalIntrospection },
  { name: 'introspection, unknown', note: 'tokens nobody issued', prepare: unknownIntrospection },
  { name: 'revocation', note: 'opaque access tokens', prepare: revocation, perSecond: 6_000 },
  { name: 'userinfo', note: 'opaque access tokens', prepare: userinfo },
  {
    name: 'sign-in by password',
    note: 'authorization request, login page, code, opaque tokens, an ID token signed ES256',
    prepare: passwordSignIn,
    beside: 'argon2',
    concurrency: 8,
  },
];

const USUAL: readonly Kind[] = ['bare', 'plain', 'mintmark'];

export function takesPart({ beside }: Case, kind: Kind): boolean {
  return USUAL.includes(kind) || beside === kind;
}

export function concurrencyOf(one: Case, { concurrency }: Pick<Effort, 'concurrency'>): number {
  return Math.min(one.concurrency ?? concurrency, concurrency);
}
