/** Opens the database and builds every capability on it: the wiring of the program, as a list. */
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { createAccounts } from './accounts/index.ts';
import { ADMIN_SCOPES } from './admin/index.ts';
import { createApis } from './apis/index.ts';
import { createClients } from './clients/index.ts';
import type { Config } from './config.ts';
import { cookieKeys, createDigests, createPasswordHasher, createSeals } from './crypto/index.ts';
import { openDatabase } from './db/index.ts';
import { createKeys } from './keys/index.ts';
import { createPages } from './pages/index.ts';
import { checkRegistration, createEngine } from './provider/index.ts';
import { loadSecrets } from './secrets.ts';
import { createTokens } from './tokens/index.ts';

/** This server's own API, by a name that stays when the issuer's address changes. */
export const ADMIN_API = 'urn:mintmark:api';

export type Capabilities = Awaited<ReturnType<typeof openCapabilities>>;

export async function openCapabilities(config: Config, log: Logger) {
  const db = await openDatabase(config);
  try {
    const secrets = await loadSecrets(config);
    const digests = createDigests(secrets.keys);
    const pages = createPages({ issuer: config.issuer, digests });
    const apis = createApis({ db });
    const clients = createClients({ db, digests, checkRegistration: (m) => checkRegistration(engine.current(), m) });
    const accounts = createAccounts({ db, passwords: await createPasswordHasher(availableParallelism()) });
    const tokens = createTokens({ db, digests });
    const keys = await createKeys({ db, seals: createSeals(secrets.keys) });
    const engineDeps = {
      issuer: config.issuer,
      cookieKeys: cookieKeys(secrets.keys),
      accounts,
      apis,
      clients,
      pages,
      tokens,
    };
    const engine = await createEngine(engineDeps, keys, log);

    await apis.ensure({
      identifier: ADMIN_API,
      name: 'Mintmark API',
      scopes: ADMIN_SCOPES,
      accessTokenFormat: 'opaque',
      signingAlg: 'ES256',
      accessTokenTtl: undefined,
      introspectionClients: [],
    });
    if (secrets.adminClient) {
      await clients.ensure({
        ...secrets.adminClient,
        registration: {
          client_name: 'Administration',
          grant_types: ['client_credentials'],
          scope: ADMIN_SCOPES.map(({ name }) => name).join(' '),
        },
        metadata: {},
        firstParty: true,
        accessTokenTtl: undefined,
        refreshTokenTtl: undefined,
        refreshTokenGrace: undefined,
        disabled: false,
      });
    }
    return {
      ...engineDeps,
      engine,
      async isReady() {
        await db.query('select 1');
      },
      async close() {
        engine.close();
        await db.close();
      },
    };
  } catch (cause) {
    await db.close();
    throw cause;
  }
}
