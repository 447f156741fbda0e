import { z } from 'zod';
import type { Key, QueryType, Refused, SignIn, Visit } from '#src/sessions/index.ts';
import {
  type AuthenticationDeps,
  authentication,
  keyOf,
  nothingAsked,
  REFUSED,
  standing,
  webauthnJson,
} from '../authentication.ts';
import { type AnyRoute, route } from '../route.ts';

const code = z.strictObject({ code: z.string() }).meta({ id: 'Code' });
const passkeyResponse = z.strictObject({ response: webauthnJson }).meta({ id: 'PasskeyResponse' });
const newPassword = z.strictObject({ password: z.string() }).meta({ id: 'ChosenPassword' });

/** The last answer also signs in. */
const SECOND = ['login.second_factor', 'login'];

/** Answers to what a partial sign-in is asked, each under the name of its query. */
export function authenticateAnswerRoutes(deps: AuthenticationDeps): AnyRoute[] {
  const { signIns } = deps;

  function answerRoute<Body extends z.ZodType>(
    type: QueryType,
    summary: string,
    audit: readonly string[],
    body: Body,
    give: (key: Key, body: z.output<Body>, visit: Visit) => Promise<SignIn | Refused>,
  ): AnyRoute {
    return route({
      method: 'POST',
      path: `/authenticate/${type}`,
      session: 'partial',
      summary,
      description: REFUSED,
      audit: { self: audit },
      body,
      status: 200,
      refuses: [429],
      result: authentication,
      async handle({ session, body: given, from }) {
        if (session.state === 'full') throw nothingAsked();
        return standing(deps, session.token, await give(keyOf(session.token), given, from), from);
      },
    });
  }

  return [
    answerRoute('totp', 'Answer with a code of the authenticator app', SECOND, code, (key, body, visit) =>
      signIns.answerTotp(key, body.code, visit),
    ),
    answerRoute(
      'recovery_code',
      'Answer with a recovery code instead',
      [...SECOND, 'recovery_code.use'],
      code,
      (key, body, visit) => signIns.answerRecoveryCode(key, body.code, visit),
    ),
    answerRoute('webauthn', 'Answer with a passkey', SECOND, passkeyResponse, (key, body, visit) =>
      signIns.answerPasskey(key, body.response, visit),
    ),
    answerRoute(
      'new_password',
      'Choose a new password',
      ['password.change', 'login'],
      newPassword,
      (key, body, visit) => signIns.answerNewPassword(key, body.password, visit),
    ),
  ];
}
