import { connect } from '#src/cli/index.ts';
import { DISTINCT_TOKENS } from './cases.ts';
import type { Registered } from './subjects.ts';

/** As many as one user may have. */
const OF_ONE_USER = 100;

/** Personal access tokens for the API, of as many users as it takes, about which its client may ask. */
export async function personalTokens(
  url: string,
  admin: { id: string; secret: string },
  { audience, scope, clientId }: Registered,
): Promise<string[]> {
  const api = connect(url, async () => admin);
  await api.request('PATCH', `/apis/${encodeURIComponent(audience)}`, { introspection_clients: [clientId] });
  const tokens: string[] = [];
  while (tokens.length < DISTINCT_TOKENS) {
    const { id } = (await api.request('POST', '/users', { username: `bench-${tokens.length}` })) as { id: string };
    const wanted = { user_id: id, name: 'Bench', scopes: [scope], audience };
    const count = Math.min(OF_ONE_USER, DISTINCT_TOKENS - tokens.length);
    const made = await Promise.all(Array.from({ length: count }, () => api.request('POST', '/pats', wanted)));
    tokens.push(...made.map((one) => (one as { token: string }).token));
  }
  return tokens;
}
