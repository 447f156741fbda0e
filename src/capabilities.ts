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
import { createJobs } from './jobs/index.ts';
import { createKeys } from './keys/index.ts';
import { createPages } from './pages/index.ts';
import { checkRegistration, createEngine } from './provider/index.ts';
import { loadSecrets } from './secrets.ts';
import {
  createRetention,
  createRevocation,
  createRevocationRules,
  createStatusLists,
  createTokenList,
  createTokens,
} from './tokens/index.ts';

const DAY_SECONDS = 24 * 60 * 60;
const REMOVE_DEAD_EVERY_SECONDS = 60;

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
    const seals = createSeals(secrets.keys);
    const keys = await createKeys({ db, seals, log });
    const statusLists = await createStatusLists({ db, seals, keys, issuer: config.issuer });
    const tokenList = createTokenList({ db });
    const engineDeps = {
      issuer: config.issuer,
      cookieKeys: cookieKeys(secrets.keys),
      accounts,
      apis,
      clients,
      pages,
      tokens,
      keys,
      statusLists,
      tokenList,
    };
    const engine = createEngine(engineDeps, log);

    await apis.ensure({
      identifier: ADMIN_API,
      name: 'Mintmark API',
      scopes: ADMIN_SCOPES,
      accessTokenFormat: 'opaque',
      signingAlg: 'ES256',
      accessTokenTtl: undefined,
      includeJti: true,
      includeStatus: true,
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
    const revocationRules = createRevocationRules({ db });
    await revocationRules.settleUnfinished();
    const jobs = createJobs({ db, log });
    const retention = createRetention({ db, keep: config.retentionDays * DAY_SECONDS });
    jobs.start({ name: 'remove dead rows', every: REMOVE_DEAD_EVERY_SECONDS, run: retention.removeDead });

    return {
      ...engineDeps,
      engine,
      revocation: createRevocation({ db, tokens, list: tokenList }),
      revocationRules,
      async isReady() {
        await db.query('select 1');
      },
      async close() {
        engine.close();
        keys.close();
        await jobs.close();
        await Promise.all([tokens.close(), clients.close()]);
        await db.close();
      },
    };
  } catch (cause) {
    await db.close();
    throw cause;
  }
}
