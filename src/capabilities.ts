/** Builds every capability on the database: the wiring of the program, as a list. */
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { createAccounts, createGuesses } from './accounts/index.ts';
import { type Apis, createApis } from './apis/index.ts';
import { createAudit } from './audit/index.ts';
import { type Clients, createClients } from './clients/index.ts';
import type { Config } from './config.ts';
import { cookieKeys, createDigests, createPasswordHasher, createSeals } from './crypto/index.ts';
import type { Database, Role } from './db/index.ts';
import { createFactors, type Factors } from './factors/index.ts';
import { createJobs } from './jobs/index.ts';
import { createKeys } from './keys/index.ts';
import { createMail } from './mail/index.ts';
import { ADMIN_SCOPES } from './oauth/admin-scopes.ts';
import { createPages } from './pages/index.ts';
import { createPats } from './pats/index.ts';
import { createPolicies } from './policies/index.ts';
import { checkRegistration, createEngine } from './provider/index.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import { createChallenges, createHandovers, createSignIns } from './sessions/index.ts';
import {
  createRetention,
  createRevocation,
  createRevocationRules,
  createSessionList,
  createStatusLists,
  createTokenList,
  createTokens,
} from './tokens/index.ts';
import { createWebhooks, type Webhooks } from './webhooks/index.ts';

const DAY_SECONDS = 24 * 60 * 60;
const REMOVE_DEAD_EVERY_SECONDS = 60;
const WARN_OF_EXPIRY_EVERY_SECONDS = 60 * 60;

/** This server's own API, by a name that stays when the issuer's address changes. */
export const ADMIN_API = 'urn:mintmark:api';

/**
 * Moves secrets under the newest key, so that the older ones can be given up. Beside the start, not before it: there are as
 * many as there are people.
 */
async function sealAnew(factors: Factors, webhooks: Webhooks, log: Logger): Promise<void> {
  for (const [what, resealOld] of [
    ['authenticator secrets', factors.totp.resealOld],
    ['webhook secrets', webhooks.resealOld],
  ] as const) {
    try {
      const lost = await resealOld();
      if (lost > 0) log.warn({ lost }, `${what} are sealed under a key that is not among MINTMARK_SECRET_KEYS`);
    } catch (error) {
      log.error({ err: error }, `${what} could not be sealed anew; the next start tries again`);
    }
  }
}

/** This server's own API, and the first client that may use it. */
async function ensureAdministration(
  { apis, clients }: { readonly apis: Apis; readonly clients: Clients },
  { adminClient }: Secrets,
): Promise<void> {
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
  if (adminClient) {
    await clients.ensure({
      ...adminClient,
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
}

export type Capabilities = Awaited<ReturnType<typeof openCapabilities>>;

/** @param db closed with them, and when they cannot be opened */
export async function openCapabilities(config: Config, db: Database, log: Logger, role: Role) {
  try {
    const secrets = await loadSecrets(config);
    const digests = createDigests(secrets.keys);
    const pages = createPages({ issuer: config.issuer, digests });
    const apis = createApis({ db });
    const clients = createClients({ db, digests, checkRegistration: (m) => checkRegistration(engine.current(), m) });
    const seals = createSeals(secrets.keys);
    const audit = createAudit({ db });
    const mail = createMail({ smtpUrl: config.mail?.smtpUrl, from: config.mail?.from, log });
    const policies = createPolicies({ db });
    const guesses = createGuesses({ db, digests });
    const passwords = createPasswordHasher(Math.ceil(availableParallelism() / config.workers));
    const { issuer } = config;
    const accounts = createAccounts({ db, digests, passwords, policies, guesses, mail, issuer });
    const factors = createFactors({ db, digests, seals, guesses, issuer });
    const { signIns, apiSessions } = createSignIns({ db, digests, accounts, policies, factors, audit });
    const sessionList = createSessionList({ db });
    const tokens = await createTokens({ db, digests, acceptPats: config.pats.enabled });
    const keys = await createKeys({ db, seals, log });
    const statusLists = await createStatusLists({ db, seals, keys, issuer, acceptPats: config.pats.enabled });
    const tokenList = createTokenList({ db, acceptPats: config.pats.enabled });
    const pats = createPats({
      db,
      tokens,
      apis,
      accounts,
      policies,
      keys,
      statusLists,
      audit,
      mail,
      issuer,
      settings: config.pats,
    });
    const jobs = createJobs({ db, log });
    const webhooks = createWebhooks({ db, seals, audit, jobs, log, ...config.webhooks });
    const engineDeps = {
      issuer,
      cookieKeys: cookieKeys(secrets.keys),
      accounts,
      apis,
      audit,
      clients,
      factors,
      pages,
      pats,
      policies,
      sessionList,
      signIns,
      tokens,
      keys,
      statusLists,
      tokenList,
      webhooks,
    };
    const engine = createEngine(engineDeps, log);

    const revocationRules = createRevocationRules({ db });
    let resealing: Promise<void> | undefined;
    if (role !== 'worker') {
      await ensureAdministration({ apis, clients }, secrets);
      await revocationRules.settleUnfinished();
      resealing = sealAnew(factors, webhooks, log);
    }
    const retention = createRetention({ db, keep: config.retentionDays * DAY_SECONDS });
    jobs.start({ name: 'remove dead rows', every: REMOVE_DEAD_EVERY_SECONDS, run: retention.removeDead });
    jobs.start({ name: 'warn of expiry', every: WARN_OF_EXPIRY_EVERY_SECONDS, run: pats.warnExpiring });
    webhooks.start();

    return {
      ...engineDeps,
      engine,
      audit,
      apiSessions,
      challenges: createChallenges({ digests, tokens }),
      handovers: createHandovers({ db, digests, seals }),
      mail,
      revocation: createRevocation({ db, tokens, list: tokenList }),
      revocationRules,
      async isReady() {
        // With a parameter: it goes the way that all other statements go.
        await db.query('select $1::int', [1]);
      },
      async close() {
        engine.close();
        keys.close();
        await webhooks.close();
        await jobs.close();
        await resealing;
        await Promise.all([pats.close(), tokens.close(), clients.close(), mail.close()]);
        await db.close();
      },
    };
  } catch (cause) {
    await db.close();
    throw cause;
  }
}
