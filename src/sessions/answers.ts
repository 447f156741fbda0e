/** Answers to what a partial sign-in is asked. Each is looked at only when it is due. */
import type { Account } from '#src/accounts/index.ts';
import type { FactorVerdict } from '#src/factors/index.ts';
import type { Proof } from '#src/oauth/acr.ts';
import { Conflict, type Fault, Invalid } from '#src/oauth/problems.ts';
import type { BeginDeps } from './begin.ts';
import type { QueryType } from './demands.ts';
import type { Key } from './key.ts';
import * as queries from './queries.ts';
import type { Enrolment, Refused, SignIn, Visit } from './sign-in.ts';
import type { Present } from './state.ts';

const GONE: Refused = { refused: 'gone' };
const NOT_ASKED: Refused = { refused: 'not_asked' };
const MISMATCH: Refused = { refused: 'mismatch' };

type Answered = SignIn | Refused;

export function createAnswers({ db, ids, state, record, accounts, factors }: BeginDeps) {
  /** Looks at an answer only if it is the one that is due. */
  async function due<T extends object>(
    key: Key,
    query: QueryType,
    look: (account: Account, present: Present) => Promise<T | Refused>,
  ): Promise<T | Refused> {
    const present = await state.find(key);
    if (!present) return GONE;
    if (!present.signIn.queries.includes(query)) return NOT_ASKED;
    return look(present.account, present);
  }

  async function proved(key: Key, accountId: string, proof: Proof): Promise<Answered> {
    const row = await queries.addProof(db, ids.idsOf(key), accountId, proof);
    return (row && (await state.evaluate(row)))?.signIn ?? GONE;
  }

  async function settle(
    key: Key,
    { account: { id: accountId }, signIn: { clientId } }: Present,
    proof: Proof,
    verdict: FactorVerdict,
    visit: Visit,
  ): Promise<Answered> {
    if (verdict.outcome === 'malformed') return { refused: 'malformed' };
    if (verdict.outcome === 'accepted') {
      if (proof === 'recovery_code') await record('recovery_code.use', accountId, visit);
      return proved(key, accountId, proof);
    }
    const waits = verdict.outcome === 'wait';
    await record('login.second_factor', accountId, visit, {
      reason: waits ? 'too_many_guesses' : `wrong_${proof}`,
      clientId,
      data: { method: proof },
    });
    return waits ? { refused: 'wait', retryAfter: verdict.retryAfter } : MISMATCH;
  }

  async function enrolled(key: Key, accountId: string, proof: Proof, visit: Visit): Promise<Enrolment | Refused> {
    const recoveryCodes = await factors.recoveryCodes.generateIfNone(accountId);
    await record(proof === 'totp' ? 'totp.enroll' : 'passkey.register', accountId, visit);
    if (recoveryCodes) await record('recovery_codes.generate', accountId, visit);
    const signIn = await proved(key, accountId, proof);
    return 'refused' in signIn ? signIn : { signIn, recoveryCodes };
  }

  return {
    answerTotp: (key: Key, code: string, visit: Visit) =>
      due<SignIn>(key, 'totp', async ({ id }, present) => {
        const device = await accounts.devices.recognise(id, visit.device);
        return settle(key, present, 'totp', await factors.totp.verify(id, code, device), visit);
      }),

    answerRecoveryCode: (key: Key, code: string, visit: Visit) =>
      due<SignIn>(key, 'recovery_code', async ({ id }, present) => {
        const device = await accounts.devices.recognise(id, visit.device);
        return settle(key, present, 'recovery_code', await factors.recoveryCodes.use(id, code, device), visit);
      }),

    answerPasskey: (key: Key, response: unknown, visit: Visit, binding: string) =>
      due<SignIn>(key, 'webauthn', async ({ id }, present) => {
        const found = await factors.webauthn.verify(binding, response, id);
        return settle(key, present, 'webauthn', { outcome: found ? 'accepted' : 'refused' }, visit);
      }),

    answerNewPassword: (key: Key, password: string, visit: Visit) =>
      due<SignIn>(key, 'new_password', async ({ id }, { passwordVersion: seen }) => {
        const changed = await orFaults(() => accounts.setPassword(id, password, seen));
        if (changed === undefined) return GONE;
        if ('faults' in changed) return { refused: 'invalid', faults: changed.faults };
        await record('password.change', id, visit);
        const row = await queries.noteNewPassword(db, ids.idsOf(key), id, changed.passwordVersion);
        return (row && (await state.evaluate(row)))?.signIn ?? GONE;
      }),

    enrollTotp: (key: Key, enrolment: string, code: string, visit: Visit) =>
      due<Enrolment>(key, 'enroll_totp', async ({ id }) => {
        const outcome = await factors.totp.confirm(id, enrolment, code);
        if (outcome === 'confirmed') return enrolled(key, id, 'totp', visit);
        if (outcome === 'malformed') return { refused: 'malformed' };
        // Another tab was faster, or the secret was shown too long ago: there is a new page to show.
        if (outcome !== 'refused') return NOT_ASKED;
        await record('totp.enroll', id, visit, { reason: 'wrong_totp' });
        return MISMATCH;
      }),

    enrollPasskey: (key: Key, response: unknown, name: string, visit: Visit, binding: string) =>
      due<Enrolment>(key, 'enroll_webauthn', async ({ id }) => {
        const registered = await orFaults(() => factors.webauthn.register({ id }, binding, response, name));
        if (registered && 'faults' in registered) return { refused: 'invalid', faults: registered.faults };
        return registered ? enrolled(key, id, 'webauthn', visit) : MISMATCH;
      }),
  };
}

/** What a rule said no to, as the value it is here; undefined when what was answered for has changed meanwhile. */
async function orFaults<T>(work: () => Promise<T>): Promise<T | { readonly faults: readonly Fault[] } | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Invalid) return { faults: error.faults };
    if (error instanceof Conflict) return undefined;
    throw error;
  }
}
