import { z } from 'zod';
import { randomSecret } from '#src/crypto/index.ts';
import { leastOf } from '#src/oauth/acr.ts';
import { type Challenges, isRefused, type Refused, type SignIn, type Visit } from '#src/sessions/index.ts';
import {
  type AuthenticationDeps,
  authentication,
  keyOf,
  signInRefused,
  standing,
  webauthnJson,
} from '../authentication.ts';
import { type AnyRoute, route } from '../route.ts';

const acrValues = z
  .string()
  .optional()
  .meta({ description: 'As of an authorization request: the level to reach, beyond what the policy demands' });

const firstProof = z
  .discriminatedUnion('method', [
    z.strictObject({
      method: z.literal('password'),
      username: z.string(),
      password: z.string(),
      acr_values: acrValues,
    }),
    z.strictObject({
      method: z.literal('webauthn'),
      challenge_id: z.string(),
      response: webauthnJson,
      acr_values: acrValues,
    }),
    z.strictObject({ method: z.enum(['cert', 'jwt']), token: z.string().optional() }),
  ])
  .meta({ id: 'FirstProof' });
type FirstProof = z.output<typeof firstProof>;

const passkeyChallenge = z
  .object({
    challenge_id: z.string().meta({ description: 'Goes back with the response; good for one, and for five minutes' }),
    options: webauthnJson.meta({ description: "For the browser's navigator.credentials.get" }),
  })
  .meta({ id: 'PasskeyChallenge' });

const nothing = z.strictObject({}).meta({ id: 'Nothing' });

export interface AuthenticateRouteDeps extends AuthenticationDeps {
  readonly challenges: Challenges;
}

const MISMATCH: Refused = { refused: 'mismatch' };
const demandsOf = (proof: { acr_values?: string | undefined }) => ({ acr: leastOf(proof.acr_values) });

/** First proofs: who somebody says they are, and what they prove it with. */
export function authenticateRoutes(deps: AuthenticateRouteDeps): AnyRoute[] {
  const { signIns, challenges, factors } = deps;

  async function prove(token: string, proof: FirstProof, visit: Visit): Promise<SignIn | Refused> {
    switch (proof.method) {
      case 'password':
        return signIns.withPassword(keyOf(token), proof.username, proof.password, demandsOf(proof), visit);
      case 'webauthn': {
        const { challenge_id: challenge, response } = proof;
        if (!(await challenges.take(challenge))) return MISMATCH;
        return signIns.withPasskey(keyOf(token), response, demandsOf(proof), visit, challenge);
      }
      default:
        // Not recorded: it costs nothing to send and concerns nobody.
        return MISMATCH;
    }
  }

  return [
    route({
      method: 'POST',
      path: '/authenticate',
      summary: 'Sign a user in: the first proof',
      description: 'A 401 says that the proof was refused, and never why.',
      audit: { self: ['login', 'user.lock'] },
      body: firstProof,
      status: 200,
      refuses: [401],
      result: authentication,
      async handle({ body, from }) {
        // Never a value that the caller chose: a token somebody else knows is no secret.
        const token = randomSecret();
        const proved = await prove(token, body, from);
        if (isRefused(proved)) throw signInRefused();
        return standing(deps, token, proved, from);
      },
    }),
    route({
      method: 'POST',
      path: '/authenticate/options',
      summary: 'What a browser needs to sign in with a passkey, whoever it belongs to',
      audit: { self: [] },
      body: nothing,
      bodyOptional: true,
      status: 200,
      result: passkeyChallenge,
      async handle() {
        const challenge_id = challenges.issue();
        return { challenge_id, options: { ...(await factors.webauthn.authenticationOptions(challenge_id)) } };
      },
    }),
  ];
}
