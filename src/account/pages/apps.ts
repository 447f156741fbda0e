import { field } from '#src/http/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { ApiScopes, ClientFace, ShownApp } from '#src/pages/index.ts';
import type { ListedGrant } from '#src/tokens/index.ts';
import { type Connected, connectedApps } from '../connected.ts';
import type { AccountDeps } from '../index.ts';
import type { AccountPage } from '../page.ts';

const PATH = '/account/apps';

/** What somebody let applications do. Taking it back takes no fresh proof: the worst it can cause is to be asked again. */
export function appsPage(deps: AccountDeps): AccountPage {
  const { apis, pages, revocation } = deps;

  async function toShown({ client, grants }: Connected): Promise<ShownApp> {
    return {
      id: client.id,
      client: faceOf(client),
      scopes: [...new Set(grants.flatMap(({ scope }) => namesIn(scope)))],
      apis: await apiScopes(grants),
      since: new Date(Math.min(...grants.map(({ createdAt }) => createdAt.getTime()))),
    };
  }

  async function apiScopes(grants: readonly ListedGrant[]): Promise<ApiScopes[]> {
    const byApi = Map.groupBy(
      grants.flatMap(({ resources }) => resources),
      ({ identifier }) => identifier,
    );
    const found = [...byApi].map(async ([identifier, granted]) => {
      const names = new Set(granted.flatMap(({ scope }) => namesIn(scope)));
      const api = await apis.find(identifier);
      return api && { name: api.name, scopes: api.scopes.filter(({ name }) => names.has(name)) };
    });
    return (await Promise.all(found)).filter((api) => api !== undefined);
  }

  return {
    path: PATH,
    fresh: false,
    async show({ ctx, account, own }) {
      const apps = await Promise.all((await connectedApps(deps, account.id)).map(toShown));
      pages.render(ctx, 'account-apps', { ...own, apps });
    },
    async submit(visit, form) {
      const { account } = visit;
      const id = field(form, 'client');
      const app = (await connectedApps(deps, account.id)).find(({ client }) => client.id === id);
      if (!app) throw new NotFound('application');
      for (const grant of app.grants) await revocation.endGrant(account.id, grant.id, `user:${account.id}`);
      await visit.record('grant.end', { data: { client: id } });
      return { to: PATH, done: 'app-withdrawn' };
    },
  };
}

const namesIn = (scope: string | undefined): string[] => scope?.split(' ').filter(Boolean) ?? [];

function faceOf({ id, registration }: Connected['client']): ClientFace {
  return {
    name: registration.client_name || id,
    logoUri: registration.logo_uri,
    clientUri: registration.client_uri,
    policyUri: registration.policy_uri,
    tosUri: registration.tos_uri,
  };
}
