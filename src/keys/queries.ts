import type { JWK } from 'jose';
import type { Database, Db } from '#src/db/index.ts';

export interface KeyRow {
  kid: string;
  alg: string;
  public_jwk: JWK;
  private_jwk: Buffer;
}

/** Oldest first, so that adding a key does not change which one signs. */
export async function listKeys(db: Db): Promise<KeyRow[]> {
  const { rows } = await db.query<KeyRow>(
    `select kid, alg, public_jwk, private_jwk
       from signing_keys
      order by created_at, kid`,
  );
  return rows;
}

/** Keeps the key unless its algorithm has one. The lock makes instances that start together take turns. */
export async function addFirstKey(db: Database, key: KeyRow): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('lock table signing_keys in share row exclusive mode');
    await tx.query(
      `insert into signing_keys (kid, alg, public_jwk, private_jwk)
       select $1, $2, $3, $4
        where not exists (select 1 from signing_keys where alg = $2)`,
      [key.kid, key.alg, JSON.stringify(key.public_jwk), key.private_jwk],
    );
  });
}
