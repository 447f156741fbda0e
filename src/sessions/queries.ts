import type { Db } from '#src/db/index.ts';
import type { Proof } from '#src/oauth/acr.ts';

export interface SignInRow {
  account_id: string;
  proofs: Proof[];
  authenticated_at: Date;
  wants_new_password: boolean;
  acr: string | null;
  client_id: string | null;
  request: Record<string, unknown>;
  password_version: number | null;
  expires_at: Date;
}

export interface NewSignIn {
  readonly id: Buffer;
  readonly accountId: string;
  readonly proofs: readonly Proof[];
  readonly authenticatedAt: Date;
  readonly wantsNewPassword: boolean;
  /** Of the password that was looked at, or of the user's as it is. */
  readonly passwordVersion: number;
  readonly acr: string | undefined;
  readonly clientId: string | undefined;
  readonly request: object;
  /** Seconds. */
  readonly ttl: number;
}

/**
 * Begun with the password that is the user's today: whoever stole the one before would otherwise go on, and might even be
 * asked for the next one. And not before they were signed out everywhere.
 */
export const STANDS = `
  expires_at > now()
  and exists (select 1
                from users u
               where u.id = sign_ins.account_id
                 and u.sign_ins_from < sign_ins.created_at
                 and (not 'password' = any(proofs) or u.password_version = sign_ins.password_version))`;

const COLUMNS =
  'account_id, proofs, authenticated_at, wants_new_password, acr, client_id, request, password_version, expires_at';

const values = (signIn: NewSignIn) => [
  signIn.id,
  signIn.accountId,
  signIn.proofs,
  signIn.authenticatedAt,
  signIn.wantsNewPassword,
  signIn.acr,
  signIn.clientId,
  JSON.stringify(signIn.request),
  signIn.ttl,
  signIn.passwordVersion,
];

/**
 * A first proof begins anew: whoever it was before in this interaction, nothing of theirs remains.
 *
 * @returns its end
 */
export async function putSignIn(db: Db, signIn: NewSignIn): Promise<Date> {
  const { rows } = await db.query<{ expires_at: Date }>(
    `insert into sign_ins (id, account_id, proofs, authenticated_at, wants_new_password, acr, client_id, request,
                           expires_at, password_version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9), $10)
     on conflict (id) do update
        set account_id = excluded.account_id, proofs = excluded.proofs, authenticated_at = excluded.authenticated_at,
            wants_new_password = excluded.wants_new_password, acr = excluded.acr, client_id = excluded.client_id,
            request = excluded.request, created_at = now(), expires_at = excluded.expires_at,
            password_version = excluded.password_version
     returning expires_at`,
    values(signIn),
  );
  return (rows[0] as { expires_at: Date }).expires_at;
}

/**
 * A first proof that is enough: what was begun before is over, and there is nothing to keep. Only while the user is who was
 * judged, by the same policy.
 *
 * @returns when that was, in seconds since the epoch by the database's clock
 */
export async function finishAtOnce(
  db: Db,
  ids: readonly Buffer[],
  { accountId, policyId, passwordVersion }: { accountId: string; policyId: string; passwordVersion: number },
): Promise<number | undefined> {
  const { rows } = await db.query<{ finished_at: number }>(
    `with before as (
       delete from sign_ins where id = any(array(select unnest($1::bytea[])))
     )
     select extract(epoch from now())::float8 as finished_at
       from users
      where id = $2
        and policy_id = $3
        and password_version = $4
        and (not disabled or disabled_until <= now())`,
    [ids, accountId, policyId, passwordVersion],
  );
  return rows[0]?.finished_at;
}

/** Begins only where nothing was begun: a page that is shown again goes on with what is there. */
export async function beginSignIn(db: Db, signIn: NewSignIn): Promise<void> {
  await db.query(
    `insert into sign_ins (id, account_id, proofs, authenticated_at, wants_new_password, acr, client_id, request,
                           expires_at, password_version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9), $10)
     on conflict (id) do nothing`,
    values(signIn),
  );
}

export async function findSignIn(db: Db, ids: readonly Buffer[]): Promise<SignInRow | undefined> {
  const { rows } = await db.query<SignInRow>(
    `select ${COLUMNS}
       from sign_ins
      where id = any(array(select unnest($1::bytea[])))
        and ${STANDS}`,
    [ids],
  );
  return rows[0];
}

/**
 * Undefined when the sign-in went on without it: it ended, or another tab began it anew for somebody else, who must not
 * profit from what this account has proved.
 */
export async function addProof(
  db: Db,
  ids: readonly Buffer[],
  accountId: string,
  proof: Proof,
): Promise<SignInRow | undefined> {
  const { rows } = await db.query<SignInRow>(
    `update sign_ins
        set proofs = array_append(array_remove(proofs, $3), $3)
      where id = any(array(select unnest($1::bytea[])))
        and account_id = $2
        and ${STANDS}
     returning ${COLUMNS}`,
    [ids, accountId, proof],
  );
  return rows[0];
}

/** @param version of the password that was set in answer */
export async function noteNewPassword(
  db: Db,
  ids: readonly Buffer[],
  accountId: string,
  version: number,
): Promise<SignInRow | undefined> {
  const { rows } = await db.query<SignInRow>(
    `update sign_ins
        set wants_new_password = false, password_version = $3
      where id = any(array(select unnest($1::bytea[])))
        and account_id = $2
        and expires_at > now()
     returning ${COLUMNS}`,
    [ids, accountId, version],
  );
  return rows[0];
}

/**
 * Whoever deletes it has it. What was proved is named again: it may have been begun anew since it was looked at.
 *
 * @returns when that was, in seconds since the epoch by the database's clock
 */
export async function takeSignIn(
  db: Db,
  ids: readonly Buffer[],
  accountId: string,
  proofs: readonly Proof[],
): Promise<number | undefined> {
  const { rows } = await db.query<{ taken_at: number }>(
    `delete from sign_ins
      where id = any(array(select unnest($1::bytea[])))
        and account_id = $2
        and proofs @> $3
        and ${STANDS}
     returning extract(epoch from now())::float8 as taken_at`,
    [ids, accountId, proofs],
  );
  return rows[0]?.taken_at;
}

export async function dropSignIn(db: Db, ids: readonly Buffer[]): Promise<boolean> {
  const { rowCount } = await db.query('delete from sign_ins where id = any(array(select unnest($1::bytea[])))', [ids]);
  return rowCount > 0;
}
