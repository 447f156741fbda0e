import { z } from 'zod';
import type { Accounts } from '#src/accounts/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { conflict, type Problem, unprocessable } from '#src/http/index.ts';
import { proveIn } from '#src/sessions/index.ts';
import type { SessionList } from '#src/tokens/index.ts';
import { authenticator, toPasskeyItem } from '../authenticator-page.ts';
import {
  passkeyOptions,
  passkeyRegistration,
  recoveryCodes,
  toTotpWire,
  totpEnrolment,
  totpStep,
} from '../enrolment.ts';
import { found } from '../found.ts';
import { ruled } from '../own-record.ts';
import { type AnyRequest, type AnyRoute, route } from '../route.ts';

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
  readonly sessionList: Pick<SessionList, 'raise'>;
}

/** Setting up second factors, by somebody who is signed in and has just proved it. An empty body begins: nothing changes. */
export function meEnrolmentRoutes({ accounts, factors, sessionList }: MeEnrolmentRouteDeps): AnyRoute[] {
  const own = async (accountId: string) => found('user', await accounts.find(accountId));

  async function codesIfNone(accountId: string, record: AnyRequest['record']) {
    const codes = await factors.recoveryCodes.generateIfNone(accountId);
    if (!codes) return {};
    await record('recovery_codes.generate');
    return { recovery_codes: codes };
  }

  return [
    route({
      method: 'POST',
      path: '/me/totp',
      session: 'fresh',
      summary: 'Set up an authenticator app: begin, then confirm with its first code',
      audit: { self: ['totp.enroll', 'recovery_codes.generate'] },
      body: totpStep,
      bodyOptional: true,
      status: 200,
      result: totpAnswer,
      async handle({ session, body: { enrollment, code }, record }) {
        const { accountId } = session;
        if (enrollment === undefined || code === undefined) return toTotpWire(factors.totp.begin(await own(accountId)));
        const outcome = await factors.totp.confirm(accountId, enrollment, code);
        if (outcome === 'refused') await record('totp.enroll', { reason: 'wrong_totp' });
        if (outcome !== 'confirmed') throw problemOf(outcome);
        await record('totp.enroll');
        await proveIn(sessionList, session, 'totp');
        return codesIfNone(accountId, record);
      },
    }),
    route({
      method: 'POST',
      path: '/me/passkeys',
      session: 'fresh',
      summary: 'Set up a passkey: begin, then register what the browser made',
      audit: { self: ['passkey.register', 'recovery_codes.generate'] },
      body: passkeyRegistration,
      bodyOptional: true,
      status: 200,
      result: passkeyAnswer,
      async handle({ session, body: { response, name = '' }, record }) {
        const { accountId, uid } = session;
        if (!response) {
          return { options: { ...(await factors.webauthn.registrationOptions(await own(accountId), uid)) } };
        }
        const passkey = await ruled(record, 'passkey.register', () =>
          factors.webauthn.register({ id: accountId }, uid, response, name),
        );
        if (!passkey) {
          await record('passkey.register', { reason: 'wrong_webauthn' });
          throw unprocessable('a rule says no', [WRONG_RESPONSE]);
        }
        await record('passkey.register', { data: { passkey: passkey.id } });
        await proveIn(sessionList, session, 'webauthn');
        return { ...toPasskeyItem(passkey), ...(await codesIfNone(accountId, record)) };
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

const WRONG_RESPONSE = { path: 'response', message: 'is not what was asked for: begin again' };

/** Never 401: the session token is good, and clients drop one that is not. */
const FAULTS = {
  malformed: { path: 'code', message: 'is not a code' },
  refused: { path: 'code', message: 'is not right, or was used already' },
  expired: { path: 'enrollment', message: 'is too old, or not yours: begin again' },
};

function problemOf(outcome: keyof typeof FAULTS | 'exists'): Problem {
  if (outcome === 'exists') return conflict('there is an authenticator app already');
  return unprocessable('a rule says no', [FAULTS[outcome]]);
}
