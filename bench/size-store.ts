/** A server whose token store holds as many living tokens as wanted, of which some are known: those are asked about. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '#src/db/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { rounded } from './figures.ts';
import { apiOf, asSubject, startInstance } from './instances.ts';
import type { Machine } from './machine.ts';
import { startPostgres } from './postgres.ts';
import { type Registered, registerMachine } from './registered.ts';
import { fill, openStore } from './store.ts';
import type { Subject } from './subjects.ts';

export interface SizedStore {
  readonly subject: Subject;
  /** As opened, before anything was issued to measure it. */
  readonly tokens: number;
  readonly table_mb: number;
  readonly indexes_mb: number;
  /** Values that were issued all over the store. */
  readonly known: readonly string[];
  /** Takes back what a measurement has issued: the store stays as large as it says it is. */
  forgetIssued(): Promise<void>;
  stop(): Promise<void>;
}

/** Made all through the time, by what they say: in a large index each has leaf pages of its own. Spread over the table too. */
const KNOWN = 8_192;
const BATCH = 250_000;
/** The tokens were issued one after the other over half of it, and none of them ends while it is measured. */
const LIFETIME_SECONDS = 86_400;
const SPREAD_MS = (LIFETIME_SECONDS * 1000) / 2;
const LONGEST_FILL_MS = 40 * 60_000;
/** Of a row with its indexes and what is logged of it until the next checkpoints. */
const BYTES_PER_TOKEN = 1_200;

/** @throws when there is no Postgres, or not enough room for one as large */
export async function openSizedStore(count: number, { serverCore }: Machine): Promise<SizedStore> {
  await checkRoom(count);
  const postgres = await startPostgres();
  if (!postgres) throw new Error('this needs a Postgres: set TEST_DATABASE_URL, or install one');
  const stops: (() => Promise<unknown>)[] = [postgres.stop];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-size-'));
    stops.push(() => rm(dataDir, { recursive: true, force: true }));
    const key = randomBytes(32);
    const env = { LOG_LEVEL: 'warn' };
    const server = await startInstance({ postgres, dataDir, key, env, launcher: serverCore });
    stops.push(server.stop);
    const registered = await registerMachine(apiOf(server.url));
    const db = await openDatabase({ database: { engine: 'postgres', url: postgres.url }, dataDir: '' });
    stops.push(db.close);
    const known = await fillUp(db, await openStore(db, key), count, registered);
    const filled = await now(db);
    return {
      subject: { ...asSubject(server, registered, postgres), name: `${count} tokens` },
      known,
      ...(await sizes(db)),
      async forgetIssued() {
        await db.query('delete from tokens where created_at > $1', [filled]);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function checkRoom(count: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir());
  const [free, wanted] = [bavail * bsize, count * BYTES_PER_TOKEN];
  if (process.env.TEST_DATABASE_URL || free > wanted) return;
  throw new Error(`${tmpdir()} has ${gigabytes(free)} GB free; ${count} tokens want ${gigabytes(wanted)} GB`);
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);

/** Batch by batch, what is known among what is not: as if they had come one after the other. */
async function fillUp(db: Database, tokens: Tokens, count: number, registered: Registered): Promise<string[]> {
  const deadline = Date.now() + LONGEST_FILL_MS;
  const share = Math.min(1, (2 * KNOWN) / count) / 2;
  const known: string[] = [];
  const began = Date.now() - SPREAD_MS;
  for (let done = 0; done < count; done += BATCH) {
    if (Date.now() > deadline) throw new Error(`only ${done} tokens after ${LONGEST_FILL_MS / 60_000} minutes`);
    const batch = Math.min(BATCH, count - done);
    const ours = Math.ceil(batch * share);
    const [from, ms] = [began + (done / count) * SPREAD_MS, (batch / count) * SPREAD_MS];
    await insertLike(db, batch - ours, { registered, from, ms });
    const madeAt = () => Math.floor(from + Math.random() * ms);
    known.push(...(await fill(tokens, ours, { ...registered, lifetime: LIFETIME_SECONDS, madeAt })));
    if (process.stderr.isTTY) process.stderr.write(`\r${done + batch} tokens `);
  }
  await db.query('vacuum (analyze) tokens');
  await db.query('checkpoint');
  return known;
}

/**
 * Rows as the client credentials grant writes them, but for the ids, which begin as theirs do and whose tokens nobody knows:
 * issued one after the other.
 *
 * @param from milliseconds since 1970, when the first was issued
 * @param ms until the last one was
 */
async function insertLike(
  db: Database,
  count: number,
  { registered, from, ms }: { registered: Registered; from: number; ms: number },
): Promise<void> {
  const { clientId, scope, audience } = registered;
  await db.transaction(async (tx) => {
    await tx.query(`set local statement_timeout = '10min'`);
    await tx.query(
      `insert into tokens (id, kind, format, client_id, grant_type, scope, audience, issued_at, expires_at, created_at,
                           remainder)
       select r.id, 'access_token', 'opaque', $2, 'client_credentials', $3, $4, date_trunc('second', r.at),
              date_trunc('second', r.at) + make_interval(secs => $5), r.at, '{}'
         from (select to_timestamp(i.ms / 1000) as at,
                      substring(int8send(floor(i.ms)::int8) from 3)
                        || substring(sha256(uuid_send(gen_random_uuid())) for 26) as id
                 from (select $6::float8 + $7::float8 * n / $1 as ms from generate_series(0, $1::int - 1) n) i) r`,
      [count, clientId, scope, audience, LIFETIME_SECONDS, from, ms],
    );
  });
}

async function now(db: Database): Promise<Date> {
  const { rows } = await db.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now as Date;
}

async function sizes(db: Database) {
  const { rows } = await db.query<{ tokens: string; table: string; indexes: string }>(
    `select (select count(*) from tokens) as tokens, pg_table_size('tokens') as table, pg_indexes_size('tokens') as indexes`,
  );
  const [{ tokens = 0, table = 0, indexes = 0 } = {}] = rows;
  return { tokens: Number(tokens), table_mb: megabytes(table), indexes_mb: megabytes(indexes) };
}

const megabytes = (bytes: string | number): number => rounded(Number(bytes) / 1e6, 1);
