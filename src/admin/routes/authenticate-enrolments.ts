import { z } from 'zod';
import { isRefused, type QueryType, type SignIn } from '#src/sessions/index.ts';
import {
  type AuthenticationDeps,
  authentication,
  keyOf,
  nothingAsked,
  problemOf,
  REFUSED,
  standing,
} from '../authentication.ts';
import { passkeyOptions, passkeyRegistration, toTotpWire, totpEnrolment, totpStep } from '../enrolment.ts';
import { found } from '../found.ts';
import { type AnyRoute, route } from '../route.ts';
import type { HeldToken } from '../session-token.ts';

const afterEnrolment = z
  .object({
    ...authentication.shape,
    recovery_codes: z
      .array(z.string())
      .optional()
      .meta({ description: 'When there were none before; shown this once' }),
  })
  .meta({ id: 'AuthenticationAfterEnrollment' });

const totpAnswer = z.union([totpEnrolment, afterEnrolment]).meta({ id: 'TotpEnrollmentState' });
const passkeyAnswer = z.union([passkeyOptions, afterEnrolment]).meta({ id: 'PasskeyEnrollmentState' });

/** Enrolling, while signing in, a factor that is demanded and lacking. */
export function authenticateEnrolmentRoutes(deps: AuthenticationDeps): AnyRoute[] {
  const { signIns, accounts, factors } = deps;
  const owner = async ({ accountId }: SignIn) => found('user', await accounts.find(accountId));

  return [
    route({
      method: 'POST',
      path: '/authenticate/enroll_totp',
      session: 'partial',
      summary: 'Set up an authenticator app: begin, then confirm with its first code',
      description: REFUSED,
      audit: { self: ['totp.enroll', 'recovery_codes.generate', 'login'] },
      body: totpStep,
      bodyOptional: true,
      status: 200,
      result: totpAnswer,
      async handle({ session, body: { enrollment, code }, from }) {
        const signIn = asked(session, 'enroll_totp');
        if (enrollment === undefined || code === undefined) return toTotpWire(factors.totp.begin(await owner(signIn)));
        const done = await signIns.enrollTotp(keyOf(session.token), enrollment, code, from);
        if (isRefused(done)) throw problemOf(done);
        const { recoveryCodes } = done;
        return { ...(await standing(deps, session.token, done.signIn, from)), ...toCodes(recoveryCodes) };
      },
    }),
    route({
      method: 'POST',
      path: '/authenticate/enroll_webauthn',
      session: 'partial',
      summary: 'Set up a passkey: begin, then register what the browser made',
      description: REFUSED,
      audit: { self: ['passkey.register', 'recovery_codes.generate', 'login'] },
      body: passkeyRegistration,
      bodyOptional: true,
      status: 200,
      result: passkeyAnswer,
      async handle({ session, body: { response, name = '' }, from }) {
        const signIn = asked(session, 'enroll_webauthn');
        const key = keyOf(session.token);
        if (!response) {
          const binding = signIns.bindingOf(key);
          return { options: { ...(await factors.webauthn.registrationOptions(await owner(signIn), binding)) } };
        }
        const done = await signIns.enrollPasskey(key, response, name, from);
        if (isRefused(done)) throw problemOf(done);
        return { ...(await standing(deps, session.token, done.signIn, from)), ...toCodes(done.recoveryCodes) };
      },
    }),
  ];
}

/** @throws {Problem} 409 unless this is what is asked now */
function asked(held: HeldToken, query: QueryType): SignIn {
  if (held.state === 'full' || !held.signIn.queries.includes(query)) throw nothingAsked();
  return held.signIn;
}

const toCodes = (codes: readonly string[] | undefined) => (codes ? { recovery_codes: [...codes] } : {});
