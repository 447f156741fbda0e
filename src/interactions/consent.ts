import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Api, Apis } from '#src/apis/index.ts';
import { OIDC_SCOPES } from '#src/oauth/scopes.ts';
import type { ApiScopes, Pages } from '#src/pages/index.ts';
import { createGrant } from '#src/provider/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { faceOf } from './face.ts';
import { type Answer, type Opened, parameter, type Step } from './step.ts';

interface ConsentDeps {
  readonly accounts: Accounts;
  readonly apis: Apis;
  readonly pages: Pages;
  readonly tokens: Tokens;
  readonly provider: () => Provider;
}

export interface Asked {
  readonly oidc: string[];
  readonly apis: { api: Api; scopes: string[] }[];
}

const DENIED: Answer = { error: 'access_denied', error_description: 'End-User denied the request' };

export function consentStep(deps: ConsentDeps): Step {
  const { apis, pages, tokens, provider } = deps;

  return {
    async show(ctx, interaction) {
      const asked = await whatIsAsked(apis, interaction);
      const { username } = await whoAgrees(deps.accounts, interaction);
      pages.render(ctx, 'consent', {
        ...faceOf(pages, interaction),
        username,
        scopes: asked.oidc,
        apis: asked.apis.map(inWords),
        redirectUri: parameter(interaction, 'redirect_uri'),
      });
    },

    async submit(interaction, form) {
      // Anything but a plain yes is a no: a form that was cut short must not consent.
      if (form.action !== 'allow') return { answer: DENIED };
      const { details, client } = interaction;
      const asked = await whatIsAsked(apis, interaction);
      const account = await whoAgrees(deps.accounts, interaction);
      const grant = await createGrant(provider(), tokens, {
        accountId: account.id,
        clientId: client.clientId,
        sessionUid: details.deviceCode ? undefined : details.session?.uid,
        oidcScopes: asked.oidc,
        claims: [],
        resources: Object.fromEntries(asked.apis.map(({ api, scopes }) => [api.identifier, scopes])),
      });
      return { answer: { consent: { grantId: grant.jti } } };
    },
  };
}

/**
 * Consent comes after sign-in, so there was somebody. Whether they are still enabled, the engine asks before it goes on.
 *
 * @throws {errors.SessionNotFound} when the account was deleted meanwhile
 */
async function whoAgrees(accounts: Accounts, { details }: Opened): Promise<Account> {
  const account = details.session?.accountId ? await accounts.find(details.session.accountId) : undefined;
  if (!account) throw new errors.SessionNotFound('the account is gone');
  return account;
}

/** The scopes of the request as they will be granted: OpenID Connect's, and each API's that the client may have. */
export async function whatIsAsked(apis: Apis, interaction: Opened): Promise<Asked> {
  const scopes = [...new Set(parameter(interaction, 'scope')?.split(' ').filter(Boolean))];
  const resources = [interaction.params.resource ?? []].flat().filter((value) => typeof value === 'string');
  const found = await Promise.all(resources.map((identifier) => apis.find(identifier)));
  return {
    oidc: scopes.filter((name) => OIDC_SCOPES.includes(name)),
    apis: found
      .filter((api) => api !== undefined)
      .map((api) => ({ api, scopes: scopes.filter((name) => api.scopes.some((scope) => scope.name === name)) })),
  };
}

const inWords = ({ api, scopes }: Asked['apis'][number]): ApiScopes => ({
  name: api.name,
  scopes: api.scopes.filter(({ name }) => scopes.includes(name)),
});
