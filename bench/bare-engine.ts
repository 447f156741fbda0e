/**
 * What Mintmark is measured against: oidc-provider alone, on the same runtime, either keeping everything in a Map (the most
 * the engine can do, because it promises nothing: a restart forgets every token) or in Postgres as it is usually done.
 * Reads one line of JSON, an EngineSetup, and prints where it listens.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { bareSignIn } from './bare-sign-in.ts';
import { MemoryAdapter } from './memory-adapter.ts';
import { plainAdapter } from './plain-adapter.ts';
import { type Registered, type RegisteredApplication, SIGNING_ALGS } from './registered.ts';

export interface EngineSetup {
  readonly machine: Registered;
  readonly application: RegisteredApplication;
  /** Undefined: in memory. */
  readonly databaseUrl: string | undefined;
}

const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
const { machine, application, databaseUrl } = JSON.parse((await lines.next()).value ?? '') as EngineSetup;
const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;

const provider = new Provider(issuer, {
  adapter: databaseUrl === undefined ? MemoryAdapter : await plainAdapter(databaseUrl),
  jwks: { keys: await Promise.all(SIGNING_ALGS.map(newKey)) },
  clients: [
    {
      client_id: machine.clientId,
      client_secret: machine.clientSecret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: application.clientId,
      client_secret: application.clientSecret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [application.redirectUri],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  responseTypes: ['code'],
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  loadExistingGrant: firstPartyGrant,
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  // One look-up less of each token. Mintmark's do not ask for it either.
  expiresWithSession: () => false,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer, useGrantedResource: () => true },
  },
} as Configuration);
const signIn = await bareSignIn(provider, application.people);
const engine = provider.callback();
server.on('request', (req, res) => (req.url?.startsWith('/interaction/') ? signIn(req, res) : engine(req, res)));
process.on('SIGTERM', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ url: issuer })}\n`);

async function newKey(alg: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: 'sig' };
}

function resourceServer(_ctx: unknown, resource: string) {
  const alg = SIGNING_ALGS.find((one) => machine.signed[one].audience === resource);
  const { scope, audience } = alg === undefined ? machine : machine.signed[alg];
  const lifetime = { scope, audience, accessTokenTTL: 3600 };
  if (alg === undefined) return { ...lifetime, accessTokenFormat: 'opaque' };
  return { ...lifetime, accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
}

/** Nobody is asked for consent; one grant per session and application, as the engine's default is. */
async function firstPartyGrant({ oidc }: KoaContextWithOIDC) {
  const { client, session, account } = oidc;
  const known = client && session?.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  if (!client || !account) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: account.accountId });
  grant.addOIDCScope('openid');
  grant.addResourceScope(machine.audience, machine.scope);
  await grant.save();
  return grant;
}
