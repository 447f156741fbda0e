/** What one process and several are compared by: from little work beside Postgres to much. */
import { randomBytes } from 'node:crypto';
import { type Api, connect } from '#src/cli/index.ts';
import { CASES, type Case, formPost } from './cases.ts';
import { ADMIN } from './instances.ts';
import { type Registered, register } from './subjects.ts';

const [OPAQUE] = CASES as [Case];
const PERSON = { username: 'bench', password: randomBytes(18).toString('hex') };

/** Each with the client that asks, and the API it asks about. */
export async function casesOf(url: string): Promise<[Case, Registered][]> {
  const api = connect(url, async () => ADMIN);
  const cases: [Case, Registered][] = [[OPAQUE, await register(url, ADMIN)]];
  for (const alg of ['ES256', 'RS256']) {
    const one = { ...OPAQUE, name: `client_credentials, ${alg} JWT`, signature: alg };
    cases.push([one, await registerFor(api, { alg, grant: 'client_credentials' })]);
  }
  await api.request('POST', '/users', { ...PERSON, email: 'bench@bench.example' });
  cases.push([SIGN_IN, await registerFor(api, { alg: 'ES256', grant: 'password' })]);
  return cases;
}

const SIGN_IN: Case = {
  name: 'password grant',
  signature: 'ES256 access token; Argon2id',
  requests: async (subject) => {
    const { scope, audience: resource } = subject.registered;
    return [formPost(subject, '/token', { grant_type: 'password', ...PERSON, scope, resource })];
  },
  expected: '"access_token":"',
};

async function registerFor(api: Api, { alg, grant }: { alg: string; grant: string }): Promise<Registered> {
  const audience = `https://bench.example/${grant}/${alg}`;
  const scope = `${grant}:${alg}`;
  await api.request('POST', '/apis', {
    identifier: audience,
    name: scope,
    scopes: [{ name: scope, description: 'Be measured' }],
    access_token_format: 'jwt',
    signing_alg: alg,
    access_token_ttl: 3_600,
  });
  const client = await api.request('POST', '/clients', {
    client_name: scope,
    grant_types: [grant],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope,
    first_party: true,
  });
  const { client_id: clientId, client_secret: clientSecret } = client as { client_id: string; client_secret: string };
  return { clientId, clientSecret, audience, scope };
}
