import type { Api } from '#src/cli/index.ts';
import { inTurn } from './in-turn.ts';
import type { Registered } from './registered.ts';

/** As many as one user may have. */
const OF_ONE_USER = 100;

/** Personal access tokens for the API, of as many users as it takes, about which its client may ask. */
export async function personalTokens(
  api: Api,
  { audience, scope, clientId }: Registered,
  wanted: number,
): Promise<string[]> {
  await api.request('PATCH', `/apis/${encodeURIComponent(audience)}`, { introspection_clients: [clientId] });
  const tokens: string[] = [];
  while (tokens.length < wanted) {
    const { id } = (await api.request('POST', '/users', { username: `bench-${tokens.length}` })) as { id: string };
    const body = { user_id: id, name: 'Bench', scopes: [scope], audience };
    const count = Math.min(OF_ONE_USER, wanted - tokens.length);
    const made = await inTurn(Array(count).fill(body) as (typeof body)[], (one) => api.request('POST', '/pats', one));
    tokens.push(...made.map((one) => (one as { token: string }).token));
  }
  return tokens;
}
