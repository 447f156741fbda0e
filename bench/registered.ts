/** What every subject knows of: APIs, a client of them, and an application with people who sign in to it. */
import { randomBytes } from 'node:crypto';
import type { Api } from '#src/cli/index.ts';
import type { Person } from './browser.ts';
import { inTurn } from './in-turn.ts';

export interface Resource {
  readonly audience: string;
  readonly scope: string;
}

export const SIGNING_ALGS = ['ES256', 'Ed25519', 'RS256'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** A client by its credentials; its API issues opaque tokens, the others signed ones. */
export interface Registered extends Resource {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly signed: Readonly<Record<SigningAlg, Resource>>;
}

export interface RegisteredApplication {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly people: readonly Person[];
}

export const OPAQUE: Resource = { audience: 'https://bench.example/api', scope: 'bench:run' };
export const SIGNED = Object.fromEntries(
  SIGNING_ALGS.map((alg) => [alg, { audience: `https://bench.example/${alg}`, scope: `bench:${alg}` }]),
) as Registered['signed'];

/** As many as are under way at once: nobody waits for somebody else's session. */
export const PEOPLE = 64;
const REDIRECT_URI = 'https://bench.example/callback';

export async function registerMachine(api: Api): Promise<Registered> {
  await registerApi(api, OPAQUE, { access_token_format: 'opaque' });
  for (const alg of SIGNING_ALGS) {
    await registerApi(api, SIGNED[alg], { access_token_format: 'jwt', signing_alg: alg });
  }
  const client = await api.request('POST', '/clients', {
    client_name: 'Bench',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: [OPAQUE, ...Object.values(SIGNED)].map(({ scope }) => scope).join(' '),
  });
  return { ...credentialsOf(client), ...OPAQUE, signed: SIGNED };
}

async function registerApi(api: Api, { audience, scope }: Resource, format: object): Promise<void> {
  const scopes = [{ name: scope, description: 'Be measured' }];
  await api.request('POST', '/apis', { identifier: audience, name: scope, scopes, access_token_ttl: 3600, ...format });
}

export async function registerApplication(api: Api): Promise<RegisteredApplication> {
  const client = await api.request('POST', '/clients', {
    client_name: 'Bench application',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
    scope: `openid ${OPAQUE.scope}`,
    first_party: true,
  });
  const people = newPeople();
  await inTurn(people, (one) => api.request('POST', '/users', { ...one }));
  return { ...credentialsOf(client), redirectUri: REDIRECT_URI, people };
}

/** For a subject that is told what is registered, and has no API to ask. */
export function madeUp(): { machine: Registered; application: RegisteredApplication } {
  const machine = { clientId: 'bench', clientSecret: secret(), ...OPAQUE, signed: SIGNED };
  const people = newPeople();
  return { machine, application: { clientId: 'app', clientSecret: secret(), redirectUri: REDIRECT_URI, people } };
}

export function secret(): string {
  return randomBytes(32).toString('base64url');
}

function newPeople(): Person[] {
  return Array.from({ length: PEOPLE }, (_, i) => ({
    username: `person-${i}`,
    password: randomBytes(18).toString('hex'),
  }));
}

export function credentialsOf(client: unknown): { clientId: string; clientSecret: string } {
  const { client_id: clientId, client_secret: clientSecret } = client as { client_id: string; client_secret: string };
  return { clientId, clientSecret };
}
