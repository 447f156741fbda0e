/**
 * Resource servers: the APIs tokens are meant for, and their scopes. Owns which APIs and scopes exist and how an API
 * wants its tokens; does not own who may ask for them (a client's registration) nor the tokens.
 *
 * There are few of them and every token request asks: they are kept in memory, and read again after any instance's change.
 */
import { type Database, held } from '#src/db/index.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import { type Api, type ApiSettings, toApi, toValues } from './api.ts';
import * as queries from './queries.ts';
import { checkRules } from './rules.ts';

export type { Api, ApiScope, ApiSettings } from './api.ts';
export { mayIntrospect } from './may-introspect.ts';

export interface Apis {
  /** By exact string (RFC 8707 §2). */
  find(identifier: string): Promise<Api | undefined>;
  /** In order of creation. */
  all(): Promise<readonly Api[]>;
  /** Those that define at least one of these scopes. */
  defining(scopes: Iterable<string>): Promise<Api[]>;
  /** Those that define all of these scopes; of this identifier only, where one is said. */
  definingAll(scopes: readonly string[], identifier?: string): Promise<Api[]>;
  /** In order of creation, those behind the position `after` ('0' is the start). */
  list(page: { after: string; limit: number }): Promise<{ items: Api[]; next: string | undefined }>;
  /** @throws {Conflict} @throws {Invalid} */
  create(api: ApiSettings & { identifier: string }): Promise<Api>;
  /** Writes what `change` makes of the present state. @throws {NotFound} @throws {Invalid} @throws {Conflict} for the built-in one */
  update(identifier: string, change: (api: Api) => ApiSettings): Promise<Api>;
  /** @throws {NotFound} @throws {Conflict} for the built-in one */
  remove(identifier: string): Promise<void>;
  /** At start: makes this the built-in API, as this version of the program knows it. */
  ensure(api: ApiSettings & { identifier: string }): Promise<void>;
}

interface Known {
  readonly apis: readonly Api[];
  readonly byIdentifier: ReadonlyMap<string, Api>;
  readonly ordinals: ReadonlyMap<Api, string>;
}

export function createApis({ db }: { db: Database }): Apis {
  const { present, write } = held(db, 'apis', load);
  const all = async () => (await present()).apis;

  async function check(identifier: string, settings: ApiSettings): Promise<void> {
    refuseFaults(identifier, settings, await all());
  }

  return {
    all,
    find: async (identifier) => (await present()).byIdentifier.get(identifier),

    async defining(scopes) {
      const wanted = new Set(scopes);
      return (await all()).filter((api) => api.scopes.some(({ name }) => wanted.has(name)));
    },

    async definingAll(scopes, identifier) {
      const { apis, byIdentifier } = await present();
      const named = identifier === undefined ? apis : [byIdentifier.get(identifier)].filter((api) => api !== undefined);
      return named.filter((api) => scopes.every((wanted) => api.scopes.some(({ name }) => name === wanted)));
    },

    async list({ after, limit }) {
      const { apis, ordinals } = await present();
      const behind = apis.filter((api) => BigInt(ordinals.get(api) ?? 0) > BigInt(after));
      const items = behind.slice(0, limit);
      const last = items.at(-1);
      return { items, next: behind.length > limit && last ? ordinals.get(last) : undefined };
    },

    async create({ identifier, ...settings }) {
      await check(identifier, settings);
      return toApi(await write(queries.insertApi(db, toValues(identifier, settings, false))));
    },

    async update(identifier, change) {
      const others = await all();
      const updated = db.transaction(async (tx) => {
        const row = await queries.lockApi(tx, identifier);
        if (!row) throw new NotFound('API');
        if (row.built_in) throw new Conflict('the built-in API cannot be changed');
        const settings = change(toApi(row));
        refuseFaults(identifier, settings, others);
        return queries.updateApi(tx, toValues(identifier, settings, false));
      });
      return toApi(await write(updated));
    },

    async remove(identifier) {
      if (await write(queries.deleteApi(db, identifier))) return;
      const api = (await present()).byIdentifier.get(identifier);
      throw api ? new Conflict('the built-in API cannot be deleted') : new NotFound('API');
    },

    ensure: ({ identifier, ...settings }) => write(queries.ensureApi(db, toValues(identifier, settings, true))),
  };
}

async function load(db: Database): Promise<Known> {
  const rows = (await queries.allApis(db)).map((row) => ({ api: toApi(row), ordinal: row.ordinal }));
  return {
    apis: rows.map(({ api }) => api),
    byIdentifier: new Map(rows.map(({ api }) => [api.identifier, api])),
    ordinals: new Map(rows.map(({ api, ordinal }) => [api, ordinal])),
  };
}

function refuseFaults(identifier: string, settings: ApiSettings, others: readonly Api[]): void {
  const faults = checkRules(identifier, settings, others);
  if (faults.length > 0) throw new Invalid(faults);
}
