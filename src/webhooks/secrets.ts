import { randomUUID } from 'node:crypto';
import { SealedUnderAnotherKey, type Seals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { Conflict, NotFound } from '#src/oauth/problems.ts';
import * as queries from './secret-queries.ts';
import { newSigningSecret } from './sending/sign.ts';
import { touchWebhook } from './subscription-queries.ts';
import { isId, sharedSecretSeal, signingSecretSeal } from './webhook.ts';

/** One that receivers know and one that they are being told. */
const MOST_LIVE_SECRETS = 2;

export interface SigningSecret {
  readonly id: string;
  readonly createdAt: Date;
  /** Undefined for the newest: it signs until there is a newer one. */
  readonly expiresAt: Date | undefined;
}

export interface SigningSecrets {
  /**
   * Makes a new one, by which everything is signed from now on. Those before it sign too for `expiresPreviousIn` seconds;
   * two may live at a time.
   *
   * @throws {NotFound} @throws {Conflict} when two live already
   */
  addSecret(webhookId: string, options: { expiresPreviousIn: number }): Promise<SigningSecret & { value: string }>;
  /** Those that sign now, newest first; never their values. @throws {NotFound} */
  listSecrets(webhookId: string): Promise<SigningSecret[]>;
  /** @throws {NotFound} @throws {Conflict} for the newest */
  removeSecret(webhookId: string, secretId: string): Promise<void>;
  /**
   * Seals under the newest key what older ones sealed, of shared secrets too.
   *
   * @returns how many are sealed under a key that is not there any more
   */
  resealOld(): Promise<number>;
}

export function createSigningSecrets({ db, seals }: { db: Database; seals: Seals }): SigningSecrets {
  async function present(webhookId: string): Promise<queries.SecretRow[]> {
    const rows = isId(webhookId) ? await queries.listSecrets(db, webhookId) : [];
    // A webhook always has one.
    if (rows.length === 0) throw new NotFound('webhook');
    return rows;
  }

  return {
    async addSecret(webhookId, { expiresPreviousIn }) {
      if (!isId(webhookId)) throw new NotFound('webhook');
      const { id, value, sealed } = newSecret(seals);
      const row = await db.transaction(async (tx) => {
        // Two rotations at once would leave three of them.
        if (!(await touchWebhook(tx, webhookId))) throw new NotFound('webhook');
        await queries.expireSecrets(tx, webhookId, expiresPreviousIn);
        if ((await queries.listSecrets(tx, webhookId)).length >= MOST_LIVE_SECRETS) throw tooMany();
        return queries.insertSecret(tx, id, webhookId, sealed);
      });
      return { ...toSecret(row), value };
    },

    async listSecrets(webhookId) {
      return (await present(webhookId)).map(toSecret);
    },

    async removeSecret(webhookId, secretId) {
      const secrets = await present(webhookId);
      if (!secrets.some(({ id }) => id === secretId)) throw new NotFound('signing secret');
      await db.transaction(async (tx) => {
        await touchWebhook(tx, webhookId);
        if (!(await queries.deleteExpiring(tx, webhookId, secretId))) throw stillNeeded();
      });
    },

    resealOld: () => resealOld(db, seals),
  };
}

/** One of a webhook that is being made, or that is being given another. */
export function newSecret(seals: Seals): { id: string; value: string; sealed: Buffer } {
  const id = randomUUID();
  const value = newSigningSecret();
  return { id, value, sealed: seals.seal(Buffer.from(value), signingSecretSeal(id)) };
}

export const sealShared = (seals: Seals, webhookId: string, value: string): Buffer =>
  seals.seal(Buffer.from(value), sharedSecretSeal(webhookId));

const tooMany = () =>
  new Conflict(`${MOST_LIVE_SECRETS} secrets live already: delete one, or end them with expires_previous_in 0`);

const stillNeeded = () => new Conflict('it is the one that deliveries are signed with: make a new one, which ends it');

const TABLES = {
  webhooks: { context: sharedSecretSeal, write: queries.resealShared },
  webhook_secrets: { context: signingSecretSeal, write: queries.resealSigning },
} as const;

async function resealOld(db: Database, seals: Seals): Promise<number> {
  const old = (await queries.listSealed(db)).filter(({ sealed }) => !seals.isNewest(sealed));
  let lost = 0;
  for (const { table, id, sealed } of old) {
    const { context, write } = TABLES[table];
    try {
      await write(db, id, { from: sealed, to: seals.seal(seals.open(sealed, context(id)), context(id)) });
    } catch (error) {
      if (!(error instanceof SealedUnderAnotherKey)) throw error;
      lost += 1;
    }
  }
  return lost;
}

function toSecret({ id, created_at, expires_at }: queries.SecretRow): SigningSecret {
  return { id, createdAt: created_at, expiresAt: expires_at ?? undefined };
}
