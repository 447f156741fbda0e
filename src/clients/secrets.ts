import { hash, timingSafeEqual } from 'node:crypto';
import { type Digests, randomId, randomSecret } from '#src/crypto/index.ts';
import type { Database, Db } from '#src/db/index.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import { createUsage } from '#src/tokens/index.ts';
import type { Client } from './client.ts';
import { keepingAnAdministrator } from './last-administrator.ts';
import * as queries from './secret-queries.ts';

/** One in use and one being rolled out. More would be secrets that nobody keeps track of. */
const MOST_LIVE_SECRETS = 2;
const PURPOSE = 'client_secret';

export interface ClientSecret {
  readonly id: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  /** Coarse: which of two secrets is still in use is what it is for. */
  readonly lastUsedAt: Date | undefined;
}

export interface Secrets {
  /**
   * Whether `secret` is one of the client's. For no client, or one without secrets, the same work is done on a decoy and
   * the answer is false: comparing takes no time of its own. That a client was known at all may be told by how long finding
   * it took; ids are no secrets, and the authorization endpoint says of each whether it exists.
   */
  verifySecret(client: Pick<Client, 'secretDigests'> | undefined, secret: string): boolean;
  /**
   * Makes a new secret. Those before it end `expiresPreviousIn` seconds from now, at once by default; two may live at a
   * time, so while a rotation is under way the next one has to end it (0) or wait.
   *
   * @throws {NotFound} @throws {Conflict} when two live already @throws {Invalid} when the client uses no secrets
   */
  addSecret(clientId: string, options: { expiresPreviousIn: number }): Promise<ClientSecret & { secret: string }>;
  /** Those that work now, newest first; never their values. @throws {NotFound} */
  listSecrets(clientId: string): Promise<ClientSecret[]>;
  /** @throws {NotFound} @throws {Conflict} when nobody could administer afterwards */
  removeSecret(clientId: string, secretId: string): Promise<void>;
  /** Writes what is noted of the use of secrets. */
  close(): Promise<void>;
}

interface SecretsDeps {
  readonly db: Database;
  readonly digests: Digests;
  readonly find: (id: string) => Promise<Client | undefined>;
  /** Around what changes a secret. */
  readonly write: <R>(work: Promise<R>) => Promise<R>;
}

export function createSecrets({ db, digests, find, write }: SecretsDeps): Secrets {
  const decoy = [digests.of(PURPOSE, randomSecret())];
  const usage = createUsage((used, times) => queries.writeSecretUse(db, used, times));
  /**
   * What fitted, by the digest it fits, for who asks with the client as it is held (the narrow path): a machine brings the
   * same secret with every request, and what fitted once fits as long as its client is held in memory as it is. A hash takes
   * a fourth of an HMAC; the digests are forgotten with their client.
   */
  const fitted = new WeakMap<Buffer, Buffer>();

  function fits(digest: Buffer, secret: string, hashed: Buffer): boolean {
    const known = fitted.get(digest);
    if (known && timingSafeEqual(known, hashed)) return true;
    const isIt = digests.matches(PURPOSE, secret, digest);
    if (isIt) fitted.set(digest, hashed);
    return isIt;
  }

  return {
    verifySecret(client, secret) {
      const live = client?.secretDigests ?? [];
      const hashed = hash('sha256', secret, 'buffer');
      const which = (live.length > 0 ? live : decoy).map((digest) => fits(digest, secret, hashed));
      const used = live[which.indexOf(true)];
      if (used) usage.note(used.toString('hex'));
      return used !== undefined;
    },

    async addSecret(clientId, { expiresPreviousIn }) {
      const client = await find(clientId);
      if (!client) throw new NotFound('client');
      if (!usesSecret(client.registration)) {
        throw new Invalid([
          { path: 'token_endpoint_auth_method', message: 'this client does not authenticate by a secret' },
        ]);
      }
      const secret = randomSecret();
      const row = await write(
        db.transaction((tx) => rotate(tx, clientId, digests.of(PURPOSE, secret), expiresPreviousIn)),
      );
      return { ...toSecret(row), secret };
    },

    async listSecrets(clientId) {
      if (!(await find(clientId))) throw new NotFound('client');
      return (await queries.listSecrets(db, clientId)).map(toSecret);
    },

    async removeSecret(clientId, secretId) {
      await write(
        db.transaction((tx) =>
          keepingAnAdministrator(tx, clientId, async () => {
            if (!(await queries.deleteSecret(tx, clientId, secretId))) throw new NotFound('secret');
          }),
        ),
      );
    },

    close: usage.close,
  };
}

export function usesSecret(registration: Client['registration']): boolean {
  return registration.token_endpoint_auth_method.startsWith('client_secret_');
}

/** The first secret of a client that was just inserted in the same transaction. */
export async function insertFirstSecret(tx: Db, digests: Digests, clientId: string, secret: string): Promise<void> {
  await queries.insertSecret(tx, randomId(), clientId, digests.of(PURPOSE, secret));
}

/** Makes `secret` the client's, unless it is one already: then nothing changes. Whatever else it had ends. */
export async function ensureSecret(tx: Db, digests: Digests, clientId: string, secret: string): Promise<void> {
  await queries.lockClient(tx, clientId);
  const live = await queries.liveDigests(tx, clientId);
  if (live.some((digest) => digests.matches(PURPOSE, secret, digest))) return;
  await queries.expireSecrets(tx, clientId, 0);
  await insertFirstSecret(tx, digests, clientId, secret);
}

async function rotate(tx: Db, clientId: string, digest: Buffer, expiresPreviousIn: number): Promise<queries.SecretRow> {
  if (!(await queries.lockClient(tx, clientId))) throw new NotFound('client');
  await queries.expireSecrets(tx, clientId, expiresPreviousIn);
  if ((await queries.listSecrets(tx, clientId)).length >= MOST_LIVE_SECRETS) {
    throw new Conflict(`${MOST_LIVE_SECRETS} secrets live already: delete one, or end them with expires_previous_in 0`);
  }
  return queries.insertSecret(tx, randomId(), clientId, digest);
}

function toSecret({ id, created_at, expires_at, last_used_at }: queries.SecretRow): ClientSecret {
  return { id, createdAt: created_at, expiresAt: expires_at ?? undefined, lastUsedAt: last_used_at ?? undefined };
}
