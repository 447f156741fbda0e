import type { Db } from '#src/db/index.ts';

/** Any number that no other advisory lock of this database has. */
const ADMINISTRATORS_LOCK = 7_301_953_002;

/**
 * Clients that can get an access token with everything the admin API allows, today and when what is being rotated out has
 * ended. The API takes bearer tokens only: one that is bound to a key opens nothing there.
 */
const ADMINISTRATORS = `
  select c.client_id
    from clients c
   where not c.disabled
     and c.registration -> 'grant_types' ? 'client_credentials'
     and 'admin' = any (string_to_array(c.registration ->> 'scope', ' '))
     and not (c.registration ->> 'dpop_bound_access_tokens')::boolean
     and (c.registration ->> 'token_endpoint_auth_method' = 'private_key_jwt'
          or exists (select from client_secrets s where s.client_id = c.client_id and s.expires_at is null))`;

export async function isAdministrator(db: Db, clientId: string): Promise<boolean> {
  const { rowCount } = await db.query(`${ADMINISTRATORS} and c.client_id = $1`, [clientId]);
  return rowCount > 0;
}

export async function hasAdministrator(db: Db): Promise<boolean> {
  const { rowCount } = await db.query(`${ADMINISTRATORS} limit 1`);
  return rowCount > 0;
}

/** Until the end of the transaction; the next statement sees what the one before has committed. */
export async function lockAdministrators(db: Db): Promise<void> {
  await db.query('select pg_advisory_xact_lock($1)', [ADMINISTRATORS_LOCK]);
}
