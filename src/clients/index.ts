/**
 * Registered clients and their secrets. Owns who may be a client and what a registration may say; does not own what a
 * client is then allowed to do with a request (provider), its tokens (tokens), nor the scopes that exist (apis).
 *
 * Secrets exist in clear exactly once, in what made them; here they are HMACs.
 */
import { type Digests, randomId, randomSecret } from '#src/crypto/index.ts';
import { batched, type Database, heldByKey } from '#src/db/index.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import { type Client, type ClientSettings, toClient, toValues } from './client.ts';
import { keepingAnAdministrator } from './last-administrator.ts';
import * as queries from './queries.ts';
import type { Registration } from './registration.ts';
import { checkRules } from './rules.ts';
import { createSecrets, ensureSecret, insertFirstSecret, type Secrets, usesSecret } from './secrets.ts';

export { type Client, type ClientSettings, clientClaims } from './client.ts';
export {
  ASSERTION_ALGS,
  GRANT_TYPES,
  type Registration,
  type RegistrationInput,
  registrationMembers,
} from './registration.ts';
export type { ClientSecret } from './secrets.ts';

/** Safe as it is in URLs, HTTP Basic and logs. `.` and `..` would be lost on the way to /clients/:id. */
export const CLIENT_ID = /^(?!\.{1,2}$)[\w.~-]{1,128}$/;

/** In memory; some kilobytes each. */
const MOST_HELD = 10_000;

/** How often a change starts over because another one came between its reading and its writing. */
const UPDATE_ATTEMPTS = 5;

export interface ClientsDeps {
  readonly db: Database;
  readonly digests: Digests;
  /** What the protocol engine has to say about a registration. @throws {Invalid} */
  readonly checkRegistration: (metadata: Registration & { client_id: string }) => Promise<void>;
}

export interface Clients extends Secrets {
  /** Also a disabled one: the caller decides what that means. From memory, until any instance changes a client. */
  find(id: string): Promise<Client | undefined>;
  /** In order of creation, those behind the position `after` ('0' is the start). */
  list(page: { after: string; limit: number }): Promise<{ items: Client[]; next: string | undefined }>;
  /** @returns the secret too, for clients that use one; it is not kept. @throws {Conflict} @throws {Invalid} */
  create(
    settings: ClientSettings & { id?: string | undefined },
  ): Promise<{ client: Client; secret: string | undefined }>;
  /**
   * Writes what `change` makes of the present state; called again when somebody else was faster.
   *
   * @throws {NotFound} @throws {Invalid} @throws {Conflict} when nobody could administer afterwards
   */
  update(id: string, change: (client: Client) => ClientSettings): Promise<Client>;
  /** @throws {NotFound} @throws {Conflict} when nobody could administer afterwards */
  remove(id: string): Promise<void>;
  /** At start: makes the client if it is missing, and `secret` its secret if it is not yet. Never changes its settings. */
  ensure(client: ClientSettings & { id: string; secret: string }): Promise<void>;
}

export function createClients({ db, digests, checkRegistration }: ClientsDeps): Clients {
  const lookup = batched(
    async (ids: string[]) => new Map((await queries.findClients(db, ids)).map((row) => [row.client_id, row])),
    { slots: db.batches },
  );
  const findRow = async (id: string) => (CLIENT_ID.test(id) ? lookup(id) : undefined);
  const { find, write } = heldByKey(
    db,
    ['clients', 'client_secrets'],
    async (id) => {
      const row = await findRow(id);
      return row && toClient(row);
    },
    { most: MOST_HELD, staleAt: ({ secretsUntil }) => secretsUntil?.getTime() ?? Number.POSITIVE_INFINITY },
  );

  async function check(id: string, settings: ClientSettings): Promise<queries.ClientValues> {
    const values = toValues(id, settings);
    const faults = checkRules(values.registration);
    if (faults.length > 0) throw new Invalid(faults);
    await checkRegistration({ ...values.registration, client_id: id });
    return values;
  }

  return {
    find,
    ...createSecrets({ db, digests, find, write }),

    async list({ after, limit }) {
      const rows = await queries.listClients(db, after, limit + 1);
      const page = rows.slice(0, limit);
      return { items: page.map(toClient), next: rows.length > limit ? page.at(-1)?.ordinal : undefined };
    },

    async create({ id = randomId(), ...settings }) {
      const values = await check(id, settings);
      const secret = usesSecret(values.registration) ? randomSecret() : undefined;
      const inserting = db.transaction(async (tx) => {
        const inserted = await queries.insertClient(tx, values);
        if (secret !== undefined) await insertFirstSecret(tx, digests, id, secret);
        return inserted;
      });
      return { client: toClient(await write(inserting)), secret };
    },

    async update(id, change) {
      for (let attempt = 0; attempt < UPDATE_ATTEMPTS; attempt += 1) {
        const row = await findRow(id);
        if (!row) throw new NotFound('client');
        const values = await check(id, change(toClient(row)));
        const updated = await write(
          db.transaction((tx) => keepingAnAdministrator(tx, id, () => queries.updateClient(tx, values, row.version))),
        );
        if (updated) return toClient(updated);
      }
      throw new Conflict('this client is being changed by others; try again');
    },

    async remove(id) {
      await write(db.transaction((tx) => keepingAnAdministrator(tx, id, () => queries.deleteClient(tx, id))));
    },

    async ensure({ id, secret, ...settings }) {
      const values = await check(id, settings);
      await write(
        db.transaction(async (tx) => {
          await queries.insertMissingClient(tx, values);
          await ensureSecret(tx, digests, id, secret);
        }),
      );
    },
  };
}
