import { type Db, isUniqueViolation } from '#src/db/index.ts';
import { Conflict } from '#src/oauth/problems.ts';
import type { Registration } from './registration.ts';

export interface ClientRow {
  client_id: string;
  ordinal: string;
  registration: Registration;
  metadata: Record<string, unknown>;
  first_party: boolean;
  access_token_ttl: number | null;
  refresh_token_ttl: number | null;
  refresh_token_grace: number | null;
  disabled: boolean;
  created_at: Date;
  updated_at: Date;
  /** Changes with every write to the row: what an update has read must still be there when it writes. */
  version: string;
  /** Digests of the secrets that work now. */
  secret_digests: Buffer[];
  /** When the first of these ends. */
  secrets_until: Date | null;
}

/** A client is never wanted without its secrets: authenticating it must not cost a second statement. */
const CLIENT = `
  client_id, ordinal, registration, metadata, first_party, access_token_ttl, refresh_token_ttl, refresh_token_grace, disabled,
  created_at, updated_at, xmin::text as version,
  array(select s.digest
          from client_secrets s
         where s.client_id = clients.client_id and (s.expires_at is null or s.expires_at > now())
         order by s.created_at desc) as secret_digests,
  (select min(s.expires_at)
     from client_secrets s
    where s.client_id = clients.client_id and s.expires_at > now()) as secrets_until`;

export type ClientValues = Pick<
  ClientRow,
  | 'client_id'
  | 'registration'
  | 'metadata'
  | 'first_party'
  | 'access_token_ttl'
  | 'refresh_token_ttl'
  | 'disabled'
  | 'refresh_token_grace'
>;

const values = (client: ClientValues) => [
  client.client_id,
  JSON.stringify(client.registration),
  JSON.stringify(client.metadata),
  client.first_party,
  client.access_token_ttl,
  client.refresh_token_ttl,
  client.disabled,
  client.refresh_token_grace,
];

export async function findClients(db: Db, ids: readonly string[]): Promise<ClientRow[]> {
  const { rows } = await db.query<ClientRow>(
    `select ${CLIENT} from clients where client_id = any(array(select unnest($1::text[])))`,
    [ids],
  );
  return rows;
}

/** In order of creation, which no later write changes: a page never skips or repeats a client. */
export async function listClients(db: Db, after: string, limit: number): Promise<ClientRow[]> {
  const { rows } = await db.query<ClientRow>(
    `select ${CLIENT} from clients where ordinal > $1 order by ordinal limit $2`,
    [after, limit],
  );
  return rows;
}

/** @throws {Conflict} */
export async function insertClient(db: Db, client: ClientValues): Promise<ClientRow> {
  try {
    const { rows } = await db.query<ClientRow>(
      `insert into clients (client_id, registration, metadata, first_party, access_token_ttl, refresh_token_ttl,
                            disabled, refresh_token_grace)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       returning ${CLIENT}`,
      values(client),
    );
    return rows[0] as ClientRow;
  } catch (error) {
    throw isUniqueViolation(error, 'clients_pkey') ? new Conflict('this client_id is taken') : error;
  }
}

/** @returns false when it was there already */
export async function insertMissingClient(db: Db, client: ClientValues): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into clients (client_id, registration, metadata, first_party, access_token_ttl, refresh_token_ttl,
                            disabled, refresh_token_grace)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (client_id) do nothing`,
    values(client),
  );
  return rowCount > 0;
}

/** Enabling gives back none of the tokens that disabling ended. Undefined when the client was changed or removed since `version` was read. */
export async function updateClient(db: Db, client: ClientValues, version: string): Promise<ClientRow | undefined> {
  const { rows } = await db.query<ClientRow>(
    `update clients
        set registration = $2, metadata = $3, first_party = $4, access_token_ttl = $5, refresh_token_ttl = $6,
            disabled = $7, tokens_from = case when disabled and not $7 then now() else tokens_from end,
            refresh_token_grace = $8, updated_at = now()
      where client_id = $1 and xmin::text = $9
      returning ${CLIENT}`,
    [...values(client), version],
  );
  return rows[0];
}

export async function deleteClient(db: Db, id: string): Promise<void> {
  await db.query('delete from clients where client_id = $1', [id]);
}
