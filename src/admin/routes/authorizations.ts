import { z } from 'zod';
import type { Audit } from '#src/audit/index.ts';
import { conflict, unprocessable } from '#src/http/index.ts';
import type { ApiSession, ApiSessions, HandoverAnswer, Handovers } from '#src/sessions/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import {
  authorizationRequest,
  type DescribeDeps,
  describeRequest,
  type Pending,
  type SufficesDeps,
  scopesOf,
  shortcomingOf,
  toPending,
  UNKNOWN_SESSION,
} from '../authorization-request.ts';
import { found } from '../found.ts';
import { type AnyRequest, type AnyRoute, route } from '../route.ts';

const session_token = z
  .string()
  .meta({ description: 'Of a full sign-in by POST /authenticate: nobody is vouched for' });
const loginAcceptance = z.strictObject({ session_token }).meta({ id: 'LoginAcceptance' });
const consentAcceptance = z
  .strictObject({
    session_token,
    scope: z.string().optional().meta({ description: 'What is agreed to, at most what is asked; left out: all of it' }),
  })
  .meta({ id: 'ConsentAcceptance' });

const ERRORS = [
  'access_denied',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
] as const;
/** RFC 6749 §4.1.2.1 */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,256}$/;
const denial = z
  .strictObject({
    error: z.enum(ERRORS).default('access_denied'),
    error_description: z.string().regex(DESCRIPTION, 'must be printable ASCII without " and \\').optional(),
  })
  .meta({ id: 'Denial' });

const redirect = z
  .object({ redirect_to: z.string().meta({ description: 'Send the browser here: once, and no other browser' }) })
  .meta({ id: 'RedirectTo' });

export interface AuthorizationRouteDeps extends DescribeDeps, SufficesDeps {
  readonly issuer: string;
  readonly handovers: Pick<Handovers, 'find' | 'answer'>;
  readonly tokens: Pick<Tokens, 'findInteraction'>;
  readonly apiSessions: Pick<ApiSessions, 'find'>;
  readonly audit: Pick<Audit, 'record'>;
}

type Asking = Pick<AnyRequest, 'by' | 'from'> & { readonly params: { readonly ticket: string } };

interface Open {
  readonly uid: string;
  readonly pending: Pending;
  readonly expiresAt: Date;
}

/** One authorization request, finished from a login application (docs/headless.md). */
export function authorizationRoutes(deps: AuthorizationRouteDeps): AnyRoute[] {
  const { issuer, handovers, tokens, apiSessions, audit } = deps;

  /** @throws {Problem} 409 when it has been answered @throws {NotFound} */
  async function open(ticket: string): Promise<Open> {
    const { uid, answered, expiresAt } = found('authorization', await handovers.find(ticket));
    if (answered) throw alreadyAnswered();
    return { uid, expiresAt, pending: toPending(found('authorization', await tokens.findInteraction(uid))) };
  }

  async function sessionOf(token: string): Promise<ApiSession> {
    const session = await apiSessions.find(token);
    if (!session) throw badSession(UNKNOWN_SESSION);
    return session;
  }

  /** The ticket is a bearer value: what the record says is whose request it was, and who has been signed in by it. */
  async function answer({ by, from, params }: Asking, what: string, { uid, pending }: Open, given: HandoverAnswer) {
    const verifier = await handovers.answer(params.ticket, given);
    if (verifier === undefined) throw alreadyAnswered();
    const accountId =
      'login' in given ? given.login.accountId : 'consent' in given ? given.consent.accountId : undefined;
    await audit.record({
      actor: by,
      action: `authorization.${what}`,
      target: accountId === undefined ? undefined : `user:${accountId}`,
      outcome: 'success',
      from,
      data: { client_id: pending.params.client_id },
    });
    const address = new URL(`/login/${uid}`, issuer);
    address.searchParams.set('verifier', verifier);
    return { redirect_to: address.href };
  }

  return [
    route({
      method: 'GET',
      path: '/authorizations/:ticket',
      scope: 'authorizations:write',
      summary: 'What an authorization request wants, by the ticket that the browser brought',
      status: 200,
      result: authorizationRequest,
      async handle({ params }) {
        const { pending, expiresAt } = await open(params.ticket);
        return describeRequest(deps, pending, expiresAt);
      },
    }),
    route({
      method: 'POST',
      path: '/authorizations/:ticket/accept-login',
      scope: 'authorizations:write',
      summary: 'Sign in at the browser whoever has signed in by POST /authenticate',
      audit: { self: ['authorization.accept_login'] },
      body: loginAcceptance,
      status: 200,
      result: redirect,
      async handle(request) {
        const opened = await open(request.params.ticket);
        if (opened.pending.prompt.name === 'consent') throw otherwise('consent');
        const session = await sessionOf(request.body.session_token);
        const shortcoming = await shortcomingOf(deps, opened.pending, session);
        if (shortcoming) throw badSession(shortcoming);
        const { accountId, acr, amr, authTime } = session;
        const { passwordVersion } = found('user', await deps.accounts.find(accountId));
        const finished = { passwordVersion, at: Date.now() / 1000 };
        return answer(request, 'accept_login', opened, { login: { accountId, acr, amr, authTime, finished } });
      },
    }),
    route({
      method: 'POST',
      path: '/authorizations/:ticket/accept-consent',
      scope: 'authorizations:write',
      summary: 'Agree, as the user who is signed in at the browser',
      audit: { self: ['authorization.accept_consent'] },
      body: consentAcceptance,
      status: 200,
      result: redirect,
      async handle(request) {
        const { session_token: token, scope } = request.body;
        const opened = await open(request.params.ticket);
        const { pending } = opened;
        if (pending.prompt.name !== 'consent') throw otherwise('a sign-in');
        const { accountId } = await sessionOf(token);
        if (accountId !== pending.subject) throw badSession('is not of the user who is signed in at the browser');
        const scopes = scope === undefined ? undefined : agreed(scope, scopesOf(pending));
        return answer(request, 'accept_consent', opened, { consent: { accountId, scopes } });
      },
    }),
    route({
      method: 'POST',
      path: '/authorizations/:ticket/deny',
      scope: 'authorizations:write',
      summary: 'Tell the client that the user, or you, said no',
      audit: { self: ['authorization.deny'] },
      body: denial,
      bodyOptional: true,
      status: 200,
      result: redirect,
      async handle(request) {
        const { error, error_description: description } = request.body;
        return answer(request, 'deny', await open(request.params.ticket), { error, description });
      },
    }),
  ];
}

/** @throws {Problem} 422 for more than was asked, or an answer without what makes it one of OpenID Connect */
function agreed(scope: string, asked: readonly string[]): string[] {
  const wanted = [...new Set(scope.split(' ').filter(Boolean))];
  const beyond = wanted.find((name) => !asked.includes(name));
  if (beyond !== undefined)
    throw unprocessable('a rule says no', [{ path: 'scope', message: 'is more than is asked' }]);
  if (asked.includes('openid') && !wanted.includes('openid')) {
    throw unprocessable('a rule says no', [{ path: 'scope', message: 'must keep openid: without it, deny' }]);
  }
  return wanted;
}

const badSession = (message: string) => unprocessable('a rule says no', [{ path: 'session_token', message }]);
const alreadyAnswered = () => conflict('this authorization has been answered');
const otherwise = (what: string) => conflict(`this authorization asks for ${what} now`);
