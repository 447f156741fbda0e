/** A headless sign-in on the wire: where it stands after each answer, and what is said to an answer that was none. */
import { z } from 'zod';
import type { Accounts } from '#src/accounts/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { conflict, invalidToken, Problem, unprocessable } from '#src/http/index.ts';
import {
  type ApiSession,
  type ApiSessions,
  isRefused,
  type Key,
  type QueryType,
  type Refused,
  type SignIn,
  type SignIns,
  type Visit,
} from '#src/sessions/index.ts';
import { timestamp } from './members.ts';

const QUERY_TYPES = ['totp', 'webauthn', 'recovery_code', 'enroll_totp', 'enroll_webauthn', 'new_password'] as const;

/** What a browser is handed, or hands back: WebAuthn's own JSON (Level 3 §5.1.8). */
export const webauthnJson = z.record(z.string().max(256), z.unknown());

const query = z.object({
  type: z.enum(QUERY_TYPES satisfies readonly QueryType[]),
  options: webauthnJson.optional().meta({ description: "For the browser's navigator.credentials.get" }),
});

export const authentication = z
  .object({
    session_token: z.string(),
    state: z.enum(['partial', 'full']),
    queries: z.array(query).meta({
      description: 'Any one of them is the next answer. A partial sign-in without any needs an administrator',
    }),
    expires_at: timestamp,
  })
  .meta({ id: 'Authentication' });

export type Authentication = z.output<typeof authentication>;

export interface AuthenticationDeps {
  readonly signIns: SignIns;
  readonly apiSessions: ApiSessions;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly factors: Pick<Factors, 'totp' | 'webauthn'>;
}

export const keyOf = (token: string): Key => ({ of: 'session_token', value: token });

/**
 * Where a sign-in stands after an answer. One that is complete becomes a session here.
 *
 * @throws {Problem} what was wrong with the answer
 */
export async function standing(
  deps: Pick<AuthenticationDeps, 'signIns' | 'apiSessions' | 'factors'>,
  token: string,
  answer: SignIn | Refused,
  visit: Visit,
): Promise<Authentication> {
  if (isRefused(answer)) throw problemOf(answer);
  if (answer.state === 'partial') return partial(deps, token, answer);
  const session = (await deps.apiSessions.begin(token, visit)) ?? (await deps.apiSessions.find(token));
  // Disabled, or asked for more, since a moment ago.
  if (!session) throw invalidToken();
  return full(token, session);
}

export function full(token: string, { expiresAt }: ApiSession): Authentication {
  return { session_token: token, state: 'full', queries: [], expires_at: expiresAt.toISOString() };
}

export async function partial(
  { signIns, factors }: Pick<AuthenticationDeps, 'signIns' | 'factors'>,
  token: string,
  { accountId, queries, expiresAt }: SignIn,
): Promise<Authentication> {
  const binding = signIns.bindingOf(keyOf(token));
  const toWire = async (type: QueryType) =>
    type === 'webauthn'
      ? { type, options: { ...(await factors.webauthn.authenticationOptions(binding, accountId)) } }
      : { type };
  return {
    session_token: token,
    state: 'partial',
    queries: await Promise.all(queries.map(toWire)),
    expires_at: expiresAt.toISOString(),
  };
}

/** One answer to whatever was wrong with a first proof: the audit log alone knows (contract.md, "Headless sign-in"). */
export const signInRefused = () =>
  new Problem(401, { detail: 'the sign-in was refused', headers: { 'WWW-Authenticate': 'Bearer' } });

/** What operations say of their 401 that can be such an answer. */
export const REFUSED =
  'A 401 whose challenge names no error says that the answer was refused: the session token is good for another one.';

/** The session token is good all the same: nothing calls it invalid. */
export const answerRefused = () =>
  new Problem(401, { detail: 'the answer was refused', headers: { 'WWW-Authenticate': 'Bearer' } });

export const nothingAsked = () => conflict('this is not what is asked now');

const tooManyGuesses = (retryAfter: number) =>
  new Problem(429, {
    detail: 'too many wrong answers: wait before the next one',
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(retryAfter))) },
  });

const MALFORMED = { path: 'code', message: 'is not a code' };

/** What an answer that was refused is told. */
export function problemOf(answer: Refused): Problem {
  switch (answer.refused) {
    case 'mismatch':
      return answerRefused();
    case 'malformed':
      return unprocessable('the body breaks a rule', [MALFORMED]);
    case 'wait':
      return tooManyGuesses(answer.retryAfter);
    case 'invalid':
      return unprocessable('a rule says no', answer.faults);
    case 'not_asked':
      return nothingAsked();
    case 'gone':
      return invalidToken();
  }
}
