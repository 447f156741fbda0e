import type { Client, Clients } from '#src/clients/index.ts';
import type { ListedGrant, TokenList } from '#src/tokens/index.ts';
import { everyPage } from './every-page.ts';

export interface Connected {
  readonly client: Client;
  readonly grants: readonly ListedGrant[];
}

interface ConnectedDeps {
  readonly clients: Pick<Clients, 'find'>;
  readonly tokenList: Pick<TokenList, 'listGrants'>;
}

/**
 * What an account agreed to, application by application: to a person that is one thing, however often it asked. These
 * pages themselves are no application, and not registered as one.
 */
export async function connectedApps({ clients, tokenList }: ConnectedDeps, accountId: string): Promise<Connected[]> {
  const all = await everyPage((page) => tokenList.listGrants(accountId, page));
  const grants = Map.groupBy(all, ({ clientId }) => clientId);
  const connected = [...grants].map(async ([id, of]) => {
    const client = await clients.find(id);
    return client && { client, grants: of };
  });
  return (await Promise.all(connected)).filter((one) => one !== undefined);
}
