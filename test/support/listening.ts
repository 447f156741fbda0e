/** Somebody who listens, so that what happens is written down. Paused: nothing is sent, and what is told can be read here. */
import { randomUUID } from 'node:crypto';
import { afterAll } from '@jest/globals';
import { type Db, openDatabase } from '#src/db/index.ts';
import { EVENT_TYPES } from '#src/webhooks/event-types.ts';
import { type Engine, freshDatabase, type TestDatabase } from './database.ts';
import { type Server, startServer } from './server.ts';

export interface Listening {
  readonly format?: 'notification' | 'event';
  readonly types?: readonly string[];
  readonly clientIds?: readonly string[];
}

export interface Told {
  readonly type: string;
  readonly client_id: string | null;
  readonly account_id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  readonly is_sealed: boolean;
}

/** @param types left out: everything there is to hear */
export async function listen(
  db: Db,
  { format = 'event', types = EVENT_TYPES.map(({ name }) => name), clientIds }: Listening = {},
): Promise<void> {
  await db.query(
    `insert into webhooks (id, url, format, event_types, client_ids, status, paused_reason, position, created_by)
     values ($1, 'https://nobody.example/', $2, $3, $4, 'paused', 'requested', 0, 'test')`,
    [randomUUID(), format, types, clientIds],
  );
}

/** In order of commit where one came after the other. */
export async function eventsIn(db: Db, types: readonly string[] = []): Promise<Told[]> {
  const { rows } = await db.query<Told>(
    `select type, client_id, account_id, data, sealed is not null as is_sealed
       from events
      where cardinality($1::text[]) = 0 or type = any ($1)
      order by id`,
    [types],
  );
  return rows;
}

export interface ListenedServer {
  readonly server: Server;
  /** Stops the server, so that nothing more can happen, and reads its database. */
  atTheEnd<T>(read: (db: Db) => Promise<T>): Promise<T>;
}

const databases: TestDatabase[] = [];

// Importing ./server.ts has registered the stop of all servers before this.
afterAll(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

/** A server to which these listen from its first moment, on either engine. */
export async function startListened(engine: Engine, listening: readonly Listening[]): Promise<ListenedServer> {
  const fresh = await freshDatabase(engine);
  databases.push(fresh);
  const inside = async <T>(work: (db: Db) => Promise<T>): Promise<T> => {
    const db = await openDatabase(fresh.config);
    return work(db).finally(() => db.close());
  };
  await inside(async (db) => {
    for (const one of listening) await listen(db, one);
  });
  const server = await startServer({ engine, dataDir: fresh.dataDir, ...(fresh.url && { databaseUrl: fresh.url }) });
  return {
    server,
    async atTheEnd(read) {
      await server.stop();
      return inside(read);
    },
  };
}
