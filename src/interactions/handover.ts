import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import { seeOther } from '#src/http/index.ts';
import { createGrant } from '#src/provider/index.ts';
import type { HandoverAnswer, Handovers } from '#src/sessions/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { answerEngine, signedIn } from './answer.ts';
import { type Asked, whatIsAsked } from './consent.ts';
import { type Answer, type Opened, openInteraction } from './step.ts';

interface HandoverDeps {
  readonly accounts: Accounts;
  readonly apis: Apis;
  readonly handovers: Handovers;
  readonly tokens: Tokens;
  readonly provider: () => Provider;
}

/**
 * In place of our pages, when the operator has a login application: the browser goes there with a ticket, and comes back
 * with a verifier. It is looked at only for the interaction that this browser's cookie names: an answer that was meant for
 * another browser is worth nothing here, and one that was stolen is worth nothing elsewhere.
 */
export function handOver(deps: HandoverDeps, loginUrl: string): Middleware {
  return async (ctx) => {
    const interaction = await openInteraction(deps, ctx);
    const { uid, exp } = interaction.details;
    const { verifier } = ctx.query;
    const given = typeof verifier === 'string' ? await deps.handovers.take(uid, verifier) : undefined;
    if (given) return answerEngine(ctx, interaction, await toAnswer(deps, ctx, interaction, given));
    const address = new URL(loginUrl);
    address.searchParams.set('authorization', await deps.handovers.begin(uid, new Date(exp * 1000)));
    seeOther(ctx, address.href);
  };
}

async function toAnswer(deps: HandoverDeps, ctx: Context, interaction: Opened, given: HandoverAnswer): Promise<Answer> {
  if ('error' in given)
    return { error: given.error, ...(given.description && { error_description: given.description }) };
  if ('consent' in given) return { consent: { grantId: await grantOf(deps, interaction, given.consent) } };
  return signedIn(deps.accounts, ctx, interaction, given.login);
}

/** What was asked and not agreed to is written down as refused: the engine would ask for it again. */
async function grantOf(
  { apis, tokens, provider }: HandoverDeps,
  interaction: Opened,
  { accountId, scopes }: Extract<HandoverAnswer, { consent: unknown }>['consent'],
): Promise<string> {
  const { details, client } = interaction;
  const asked = await whatIsAsked(apis, interaction);
  const agreed = only(asked, (name) => scopes === undefined || scopes.includes(name));
  const refused = only(asked, (name) => scopes !== undefined && !scopes.includes(name));
  const grant = await createGrant(provider(), tokens, {
    accountId,
    clientId: client.clientId,
    sessionUid: details.deviceCode ? undefined : details.session?.uid,
    oidcScopes: agreed.oidc,
    claims: [],
    resources: Object.fromEntries(agreed.apis.map(({ api, scopes: names }) => [api.identifier, names])),
  });
  if (scopes === undefined) return grant.jti;
  if (refused.oidc.length > 0) grant.rejectOIDCScope(refused.oidc.join(' '));
  for (const { api, scopes: names } of refused.apis) {
    if (names.length > 0) grant.rejectResourceScope(api.identifier, names.join(' '));
  }
  return grant.save();
}

function only(asked: Asked, wanted: (scope: string) => boolean): Asked {
  return {
    oidc: asked.oidc.filter(wanted),
    apis: asked.apis.map(({ api, scopes }) => ({ api, scopes: scopes.filter(wanted) })),
  };
}
