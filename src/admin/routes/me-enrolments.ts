import { z } from 'zod';
import type { Accounts } from '#src/accounts/index.ts';
import type { Audit, From } from '#src/audit/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { conflict, Problem, unprocessable } from '#src/http/index.ts';
import { answerRefused, problemOf } from '../authentication.ts';
import {
  passkeyOptions,
  passkeyRegistration,
  recoveryCodes,
  toTotpWire,
  totpEnrolment,
  totpStep,
} from '../enrolment.ts';
import { found } from '../found.ts';
import { type AnyRoute, route } from '../route.ts';
import { authenticator, toPasskeyItem } from './authenticators.ts';

const { recovery_codes } = recoveryCodes.shape;
const shownOnce = { recovery_codes: recovery_codes.optional() };
const enrolled = z
  .object(shownOnce)
  .meta({ id: 'Enrolled', description: 'Recovery codes are made with the first second factor' });
const registered = z.object({ ...authenticator.shape, ...shownOnce }).meta({ id: 'RegisteredPasskey' });

const totpAnswer = z.union([totpEnrolment, enrolled]).meta({ id: 'MyTotpEnrollment' });
const passkeyAnswer = z.union([passkeyOptions, registered]).meta({ id: 'MyPasskeyEnrollment' });

export interface MeEnrolmentRouteDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly factors: Factors;
  readonly audit: Pick<Audit, 'record'>;
}

/** Setting up second factors, by somebody who is signed in and has just proved it. An empty body begins: nothing changes. */
export function meEnrolmentRoutes({ accounts, factors, audit }: MeEnrolmentRouteDeps): AnyRoute[] {
  const own = async (accountId: string) => found('user', await accounts.find(accountId));

  /** Beginning is not worth a record; what comes of it is, and so is what was tried. */
  async function noted<T>(action: string, { by, from }: Asking, work: () => Promise<T>): Promise<T> {
    const entry = { actor: by, action, target: by, from };
    try {
      const result = await work();
      await audit.record({ ...entry, outcome: 'success' });
      return result;
    } catch (error) {
      if (error instanceof Problem) await audit.record({ ...entry, outcome: 'failure', reason: error.title });
      throw error;
    }
  }

  /** Who has a second factor has recovery codes from then on: losing it must not mean losing the account. */
  async function codesIfNone(accountId: string, asking: Asking) {
    if ((await factors.of(accountId)).recoveryCodesLeft > 0) return {};
    const generate = () => factors.recoveryCodes.generate(accountId);
    return { recovery_codes: await noted('recovery_codes.generate', asking, generate) };
  }

  return [
    route({
      method: 'POST',
      path: '/me/totp',
      session: 'fresh',
      summary: 'Set up an authenticator app: begin, then confirm with its first code',
      audit: 'self',
      body: totpStep,
      bodyOptional: true,
      status: 200,
      result: totpAnswer,
      async handle({ session: { accountId }, body: { enrollment, code }, by, from }) {
        if (enrollment === undefined || code === undefined) return toTotpWire(factors.totp.begin(await own(accountId)));
        await noted('totp.enroll', { by, from }, async () => {
          const problem = refusalOf(await factors.totp.confirm(accountId, enrollment, code));
          if (problem) throw problem;
        });
        return codesIfNone(accountId, { by, from });
      },
    }),
    route({
      method: 'POST',
      path: '/me/passkeys',
      session: 'fresh',
      summary: 'Set up a passkey: begin, then register what the browser made',
      audit: 'self',
      body: passkeyRegistration,
      bodyOptional: true,
      status: 200,
      result: passkeyAnswer,
      async handle({ session: { accountId, uid }, body: { response, name = '' }, by, from }) {
        if (!response) {
          return { options: { ...(await factors.webauthn.registrationOptions(await own(accountId), uid)) } };
        }
        const passkey = await noted('passkey.register', { by, from }, async () => {
          const made = await factors.webauthn.register({ id: accountId }, uid, response, name);
          if (!made) throw answerRefused();
          return made;
        });
        return { ...toPasskeyItem(passkey), ...(await codesIfNone(accountId, { by, from })) };
      },
    }),
    route({
      method: 'POST',
      path: '/me/recovery-codes',
      session: 'fresh',
      summary: 'Make new recovery codes; those before are void',
      audit: 'recovery_codes.generate',
      target: (_params, _result, by) => by,
      status: 200,
      result: recoveryCodes,
      async handle({ session: { accountId } }) {
        const { totp, passkeys } = await factors.of(accountId);
        if (!totp && passkeys.length === 0)
          throw conflict('recovery codes stand in for a second factor: set one up first');
        return { recovery_codes: await factors.recoveryCodes.generate(accountId) };
      },
    }),
  ];
}

interface Asking {
  readonly by: string;
  readonly from: From;
}

const EXPIRED = { path: 'enrollment', message: 'is too old, or not yours: begin again' };

function refusalOf(outcome: Awaited<ReturnType<Factors['totp']['confirm']>>): Problem | undefined {
  switch (outcome) {
    case 'confirmed':
      return undefined;
    case 'malformed':
      return problemOf({ refused: 'malformed' });
    case 'refused':
      return answerRefused();
    case 'exists':
      return conflict('there is an authenticator app already');
    case 'expired':
      return unprocessable('a rule says no', [EXPIRED]);
  }
}
