/** What a login application has to know of the authorization request it finishes, and what a sign-in must be to do for it. */
import { z } from 'zod';
import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import type { Clients } from '#src/clients/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { leastOf, proofsOf } from '#src/oauth/acr.ts';
import type { Policies } from '#src/policies/index.ts';
import { type ApiSession, isAllowedFirst, openQueries } from '#src/sessions/index.ts';
import type { Interaction } from '#src/tokens/index.ts';
import { timestamp } from './members.ts';

const text = z.string().nullable();

export const authorizationRequest = z
  .object({
    prompt: z.enum(['login', 'select_account', 'consent']).meta({ description: 'What is wanted now' }),
    reasons: z.array(z.string()).meta({ description: 'Why, in words for programs' }),
    client: z.object({
      client_id: z.string(),
      client_name: text,
      client_uri: text,
      logo_uri: text,
      policy_uri: text,
      tos_uri: text,
    }),
    scope: z.string().meta({ description: "OpenID Connect's scopes and those of APIs" }),
    resources: z.array(
      z.object({
        identifier: z.string(),
        name: z.string(),
        scopes: z.array(z.object({ name: z.string(), description: z.string() })),
      }),
    ),
    acr_values: text,
    login_hint: text,
    ui_locales: text,
    max_age: z.int().nullable().meta({ description: 'Seconds' }),
    subject: text.meta({ description: 'Who is signed in at this browser already' }),
    expires_at: timestamp,
  })
  .meta({ id: 'AuthorizationRequest' });

/** What the protocol engine keeps of a request that waits for its user. */
export interface Pending {
  readonly prompt: { readonly name: z.output<typeof authorizationRequest>['prompt']; readonly reasons: string[] };
  readonly params: Readonly<Record<string, unknown>>;
  readonly subject: string | undefined;
  /** Seconds since the epoch. */
  readonly begunAt: number;
}

export function toPending({ payload }: Interaction): Pending {
  const { prompt, params, session, iat } = payload as {
    prompt: Pending['prompt'];
    params: Record<string, unknown>;
    session?: { accountId?: string };
    iat?: number;
  };
  return { prompt, params, subject: session?.accountId, begunAt: iat ?? 0 };
}

export const scopesOf = ({ params }: Pending): string[] => [
  ...new Set(
    String(params.scope ?? '')
      .split(' ')
      .filter(Boolean),
  ),
];

export interface DescribeDeps {
  readonly clients: Pick<Clients, 'find'>;
  readonly apis: Pick<Apis, 'find'>;
}

export async function describeRequest({ clients, apis }: DescribeDeps, pending: Pending, expiresAt: Date) {
  const { prompt, params, subject } = pending;
  const member = (name: string) => (typeof params[name] === 'string' ? params[name] : null);
  const clientId = String(params.client_id);
  const registered: Record<string, unknown> = { ...(await clients.find(clientId))?.registration };
  const of = (name: string) => (typeof registered[name] === 'string' ? registered[name] : null);
  const scopes = scopesOf(pending);
  const identifiers = [params.resource ?? []].flat().filter((value) => typeof value === 'string');
  const asked = (await Promise.all(identifiers.map((identifier) => apis.find(identifier)))).filter(
    (api) => api !== undefined,
  );
  return {
    prompt: prompt.name,
    reasons: prompt.reasons,
    client: {
      client_id: clientId,
      client_name: of('client_name'),
      client_uri: of('client_uri'),
      logo_uri: of('logo_uri'),
      policy_uri: of('policy_uri'),
      tos_uri: of('tos_uri'),
    },
    scope: scopes.join(' '),
    resources: asked.map((api) => ({
      identifier: api.identifier,
      name: api.name,
      scopes: api.scopes
        .filter(({ name }) => scopes.includes(name))
        .map(({ name, description }) => ({ name, description })),
    })),
    acr_values: member('acr_values'),
    login_hint: member('login_hint'),
    ui_locales: member('ui_locales'),
    max_age: maxAgeOf(pending) ?? null,
    subject: subject ?? null,
    expires_at: expiresAt.toISOString(),
  };
}

export interface SufficesDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly policies: Pick<Policies, 'get'>;
  readonly factors: Pick<Factors, 'of'>;
}

/**
 * Why a sign-in does not do for this request; undefined: it does. Policies are asked as they are now, and a proof that the
 * request wants anew has to be newer than the request.
 */
export async function shortcomingOf(
  { accounts, policies, factors }: SufficesDeps,
  pending: Pending,
  session: ApiSession,
): Promise<string | undefined> {
  const account = await accounts.find(session.accountId);
  if (!account || account.disabled) return UNKNOWN_SESSION;
  const [policy, enrolled] = await Promise.all([policies.get(account.policyId), factors.of(account.id)]);
  const proofs = proofsOf(session.amr);
  const acr = leastOf(typeof pending.params.acr_values === 'string' ? pending.params.acr_values : undefined);
  const open = openQueries({ policy, enrolled, proofs, wantsNewPassword: false, acr });
  if (!isAllowedFirst(policy, proofs) || open.queries.length > 0 || open.stuck) {
    return 'has not proved what the policy and acr_values demand: sign in again, with these acr_values';
  }
  if (pending.prompt.reasons.some((reason) => OTHER_ACCOUNT.has(reason)) && session.accountId === pending.subject) {
    return 'is of the user who is signed in already, where another one is wanted';
  }
  return session.authTime < notBefore(pending) ? 'is older than this request allows: sign in again' : undefined;
}

/** The engine's reasons for which whoever is signed in is the wrong one. */
const OTHER_ACCOUNT = new Set(['id_token_hint', 'claims_id_token_sub_value']);

export const UNKNOWN_SESSION = 'is not the token of a full session that lives';

/** Not only what the engine asks for first: an answer to another prompt that brings a sign-in along answers this one, too. */
function asksAgain({ prompt, max_age: maxAge }: Pending['params']): boolean {
  return (
    String(prompt ?? '')
      .split(' ')
      .includes('login') || Number(maxAge ?? Number.NaN) === 0
  );
}

/** When the oldest proof that will do may have been given, in seconds since the epoch. */
function notBefore(pending: Pending): number {
  if (asksAgain(pending.params)) return pending.begunAt;
  const maxAge = maxAgeOf(pending);
  return maxAge === undefined ? 0 : Math.floor(Date.now() / 1000) - maxAge;
}

function maxAgeOf({ params }: Pending): number | undefined {
  return params.max_age === undefined || params.max_age === null ? undefined : Number(params.max_age);
}
