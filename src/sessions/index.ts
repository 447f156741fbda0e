/**
 * Signing in, step by step: what somebody has proved so far, what is asked next, and when that is enough. One model for
 * the browser (`interactions/`), the headless API and the password grant.
 *
 * Owns the table sign_ins, and the rows of kind `api` in sessions (headless sign-ins; the browsers' belong to `tokens/`).
 * Nothing in sign_ins opens anything: only `finish` and `apiSessions.begin` make something of it, once, and only when no
 * query is open. Does not verify proofs: passwords are `accounts/`, second factors `factors/`.
 */
import type { Accounts } from '#src/accounts/index.ts';
import type { Audit } from '#src/audit/index.ts';
import type { Digests } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import type { Factors } from '#src/factors/index.ts';
import type { Policies } from '#src/policies/index.ts';
import { createAnswers } from './answers.ts';
import { type ApiSessions, createApiSessions } from './api-sessions.ts';
import { createBegin } from './begin.ts';
import { createIds, type Key } from './key.ts';
import * as queries from './queries.ts';
import { createFinish, createRecorder } from './record.ts';
import type { Demands, Enrolment, Refused, SignIn, Visit } from './sign-in.ts';
import { createState } from './state.ts';

export type { ApiSession, ApiSessions } from './api-sessions.ts';
export { type Challenges, createChallenges } from './challenges.ts';
export { isAllowedFirst, openQueries, type QueryType } from './demands.ts';
export { FRESH_SECONDS, lackingForChanges, proveIn } from './fresh.ts';
export { createHandovers, type HandoverAnswer, type Handovers } from './handovers.ts';
export type { Key } from './key.ts';
export { mayRemove, type Removable, removeProof } from './may-remove.ts';
export {
  type Demands,
  type Enrolment,
  type Finished,
  isRefused,
  type Refused,
  type SignIn,
  type Visit,
} from './sign-in.ts';

export interface SignInDeps {
  readonly db: Database;
  readonly digests: Digests;
  readonly accounts: Accounts;
  readonly policies: Policies;
  readonly factors: Factors;
  readonly audit: Audit;
}

export interface SignIns {
  /** @throws {PasswordQueueFull} */
  withPassword(key: Key, username: string, password: string, demands: Demands, visit: Visit): Promise<SignIn | Refused>;
  /** @param binding of the ceremony that it answers: `bindingOf(key)`, unless that one had a name of its own */
  withPasskey(key: Key, response: unknown, demands: Demands, visit: Visit, binding?: string): Promise<SignIn | Refused>;
  stepUp(
    key: Key,
    proved: { accountId: string; amr: readonly string[]; authTime: number },
    demands: Demands,
  ): Promise<SignIn | Refused>;
  find(key: Key): Promise<SignIn | undefined>;
  answerTotp(key: Key, code: string, visit: Visit): Promise<SignIn | Refused>;
  answerRecoveryCode(key: Key, code: string, visit: Visit): Promise<SignIn | Refused>;
  answerPasskey(key: Key, response: unknown, visit: Visit): Promise<SignIn | Refused>;
  /** @throws {PasswordQueueFull} */
  answerNewPassword(key: Key, password: string, visit: Visit): Promise<SignIn | Refused>;
  enrollTotp(key: Key, enrolment: string, code: string, visit: Visit): Promise<Enrolment | Refused>;
  enrollPasskey(key: Key, response: unknown, name: string, visit: Visit): Promise<Enrolment | Refused>;
  /** Ties WebAuthn ceremonies to this sign-in. */
  bindingOf(key: Key): string;
  /** A full one, for exactly one of however many ask; with it the sign-in is over. */
  finish(key: Key, visit: Visit): Promise<SignIn | undefined>;
  /** @returns whether there was one */
  abandon(key: Key): Promise<boolean>;
}

export function createSignIns(deps: SignInDeps): { signIns: SignIns; apiSessions: ApiSessions } {
  const ids = createIds(deps.digests);
  const state = createState({ ...deps, ids });
  const record = createRecorder(deps.audit);
  const finished = createFinish(record);
  const all = { ...deps, ids, state, record, finished };
  const { withPasskey, ...begin } = createBegin(all);
  const { answerPasskey, enrollPasskey, ...answers } = createAnswers(all);
  const bindingOf = (key: Key) => ids.idOf(key).toString('hex');

  const signIns: SignIns = {
    ...begin,
    ...answers,
    bindingOf,
    withPasskey: (key, response, demands, visit, binding = bindingOf(key)) =>
      withPasskey(key, response, demands, visit, binding),
    answerPasskey: (key, response, visit) => answerPasskey(key, response, visit, bindingOf(key)),
    enrollPasskey: (key, response, name, visit) => enrollPasskey(key, response, name, visit, bindingOf(key)),
    find: async (key) => (await state.find(key))?.signIn,

    async finish(key, visit) {
      const present = await state.find(key);
      if (present?.signIn.state !== 'full') return undefined;
      const { accountId, proofs } = present.signIn;
      return finished(present, visit, await queries.takeSignIn(deps.db, ids.idsOf(key), accountId, proofs));
    },

    abandon: (key) => queries.dropSignIn(deps.db, ids.idsOf(key)),
  };
  return { signIns, apiSessions: createApiSessions(all) };
}
