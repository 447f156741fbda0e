/**
 * `npm run bench -- soak`: issues tokens at a steady rate, lets them expire, and watches the table while the retention job
 * removes them: its size, that of its indexes, its dead rows, and how long a look-up takes. docs/retention.md says how to
 * read it. Exit code 1 when a token that is dead is still there in the end, or a living one is not.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, openDatabase } from '#src/db/index.ts';
import { createJobs } from '#src/jobs/index.ts';
import { createRetention, type Tokens } from '#src/tokens/index.ts';
import { quantile, rounded } from './figures.ts';
import { thisMachine } from './machine.ts';
import { startPostgres } from './postgres.ts';
import { fill, issueSteadily, openStore, timeEach } from './store.ts';

export interface SoakOptions {
  /** That come and go; a tenth as many live throughout, and are what is looked up. */
  readonly tokens: number;
  /** A second. */
  readonly rate: number;
  readonly embedded: boolean;
  readonly json: boolean;
}

interface Line {
  readonly issued: number;
  readonly removed: number;
  readonly table_mb: number;
  readonly indexes_mb: number;
  /** As the engine counts them. */
  readonly dead_rows: number;
  readonly find_p50_us: number;
  readonly find_p99_us: number;
}

/** Seconds. Nothing is kept beyond: what takes a month elsewhere takes seconds here. */
const LIFETIME = 5;
const REMOVE_EVERY = 2;
const LIKE = { audience: 'https://bench.example/api', scope: 'bench:run', lifetime: LIFETIME };
const LOOKUPS = 1_000;
/** Lines printed while tokens are issued. */
const WATCHES = 10;
const LONGEST_WAIT_MS = 60_000;

/** @returns the exit code */
export async function soak(options: SoakOptions): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-soak-'));
  const postgres = options.embedded ? undefined : await startPostgres();
  if (!postgres && !options.embedded) process.stderr.write('No Postgres: soaking the embedded one.\n');
  const database = postgres ? ({ engine: 'postgres', url: postgres.url } as const) : ({ engine: 'embedded' } as const);
  try {
    const db = await openDatabase({ database, dataDir });
    return await soakOn(db, options).finally(() => db.close());
  } finally {
    await postgres?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function soakOn(db: Database, { tokens: count, rate, json }: SoakOptions): Promise<number> {
  const tokens = await openStore(db, randomBytes(32));
  const lasting = await fill(tokens, Math.ceil(count / 10), { ...LIKE, lifetime: 86_400 });
  const removal = startRemoval(db);
  const lines: Line[] = [];
  const print = (text: string) => void (json || process.stdout.write(`${text}\n`));
  async function watch(issued: number): Promise<void> {
    const line = { issued, removed: removal.removed, ...(await sizes(db)), ...(await lookUps(tokens, lasting)) };
    lines.push(line);
    print(row(Object.values(line)));
  }

  const { description } = thisMachine();
  const heading = `${count} tokens that live ${LIFETIME} s, ${rate} a second, beside ${lasting.length} that last; ${db.engine}; ${description}`;
  print(`${heading}\n\n${row(HEADINGS)}`);
  const from = performance.now();
  await issueSteadily(tokens, { count, rate, like: LIKE }, async (issued) => {
    if (issued >= ((lines.length + 1) * count) / WATCHES) await watch(issued);
  });
  const seconds = (performance.now() - from) / 1000;
  await settled(() => removal.removed >= count);
  await watch(count);
  await removal.stop();

  const alive = await countTokens(db);
  const indexes = await indexSizes(db);
  const right = removal.removed === count && alive === lasting.length;
  const result = {
    heading,
    seconds,
    removed: removal.removed,
    removing_ms: removal.busyMs,
    alive,
    right,
    lines,
    indexes,
  };
  if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  const work = `${(removal.busyMs / 1000).toFixed(1)} s of work`;
  print(`\nIssued in ${seconds.toFixed(0)} s. Removed ${removal.removed}, in ${work}. ${alive} rows are left.`);
  print(
    `Indexes, MB: ${Object.entries(indexes)
      .map((one) => one.join(' '))
      .join(', ')}`,
  );
  return right ? 0 : 1;
}

/** The server's own job, more often. */
function startRemoval(db: Database) {
  const error = (failed: object) => process.stderr.write(`${JSON.stringify(failed)}\n`);
  const jobs = createJobs({ db, log: { error } });
  const retention = createRetention({ db, keep: 0, tolerance: 0 });
  const removal = { removed: 0, busyMs: 0, stop: jobs.close };
  jobs.start({
    name: 'soak',
    every: REMOVE_EVERY,
    async run(signal) {
      const from = performance.now();
      const { rows, more } = await retention.removeDead(signal);
      removal.removed += rows.tokens ?? 0;
      removal.busyMs += performance.now() - from;
      return { more };
    },
  });
  return removal;
}

async function settled(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  while (!holds() && Date.now() < deadline) await sleep(100);
}

async function sizes(db: Database) {
  const { rows } = await db.query<{ table: string; indexes: string; dead: string }>(
    `select pg_table_size('tokens') as table, pg_indexes_size('tokens') as indexes, n_dead_tup as dead
       from pg_stat_user_tables
      where relname = 'tokens'`,
  );
  const { table = 0, indexes = 0, dead = 0 } = rows[0] ?? {};
  return { table_mb: megabytes(table), indexes_mb: megabytes(indexes), dead_rows: Number(dead) };
}

const megabytes = (bytes: string | number): number => rounded(Number(bytes) / 1e6, 1);

async function indexSizes(db: Database): Promise<Record<string, number>> {
  const { rows } = await db.query<{ name: string; bytes: string }>(
    `select indexrelid::regclass::text as name, pg_relation_size(indexrelid) as bytes
       from pg_index
      where indrelid = 'tokens'::regclass
      order by 2 desc`,
  );
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, megabytes(bytes)]));
}

async function lookUps(tokens: Tokens, lasting: readonly string[]) {
  const some = Array.from({ length: LOOKUPS }, () => lasting[Math.floor(Math.random() * lasting.length)] as string);
  const times = await timeEach(some, async (value) => {
    if (!(await tokens.find(value))) throw new Error('a living token is not found');
  });
  return { find_p50_us: Math.round(quantile(times, 0.5)), find_p99_us: Math.round(quantile(times, 0.99)) };
}

async function countTokens(db: Database): Promise<number> {
  const { rows } = await db.query<{ count: string }>('select count(*) as count from tokens');
  return Number(rows[0]?.count);
}

const HEADINGS = ['issued', 'removed', 'table MB', 'indexes MB', 'dead rows', 'find p50 µs', 'find p99 µs'];

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, i) => String(cell).padStart(i < 2 ? 9 : 13)).join('');
}
