import { z } from 'zod';
import { type AuthenticationDeps, authentication, full, keyOf, partial } from '../authentication.ts';
import { timestamp } from '../members.ts';
import { type AnyRoute, route } from '../route.ts';

const { state, queries, expires_at } = authentication.shape;
const presentSession = z
  .object({
    state,
    queries,
    user_id: z.string(),
    acr: z.string().meta({ description: 'What has been proved so far' }),
    amr: z.array(z.string()),
    auth_time: timestamp,
    expires_at,
  })
  .meta({ id: 'PresentSession' });

/** The sign-in of the session token itself, finished or not. */
export function sessionRoutes(deps: AuthenticationDeps): AnyRoute[] {
  const { signIns, apiSessions } = deps;
  return [
    route({
      method: 'GET',
      path: '/session',
      session: 'partial',
      summary: 'Where this sign-in stands',
      status: 200,
      result: presentSession,
      async handle({ session: held }) {
        const { token, accountId } = held;
        const { acr, amr, authTime } = held.state === 'full' ? held.session : held.signIn;
        const { session_token: _, ...stands } =
          held.state === 'full' ? full(token, held.session) : await partial(deps, token, held.signIn);
        const authenticatedAt = new Date(authTime * 1000).toISOString();
        return { ...stands, user_id: accountId, acr, amr: [...amr], auth_time: authenticatedAt };
      },
    }),
    route({
      method: 'DELETE',
      path: '/session',
      session: 'partial',
      summary: 'Sign out, or give a sign-in up',
      audit: 'session.end',
      target: (_params, _result, by) => by,
      status: 204,
      async handle({ session: { token } }) {
        // Both: an answer given at this moment may just be making one into the other.
        await signIns.abandon(keyOf(token));
        await apiSessions.end(token);
      },
    }),
  ];
}
