import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Database, openDatabase } from '#src/db/index.ts';
import { createTurns, type Turns } from '#src/jobs/index.ts';
import { ENGINES, freshDatabase, withDatabase } from '../support/database.ts';
import { eventually as within } from '../support/eventually.ts';
import { ended, printed, spawnProgram } from '../support/program.ts';

/** The lease of a turn, and some more for a machine that is busy with other tests. */
const eventually = (holds: () => boolean | Promise<boolean>) => within(holds, 15_000);

const HANG = fileURLToPath(new URL('./hang-in-turn.ts', import.meta.url));

/** Of the present test: one that fails must not leave turns that never end. */
const held: Map<string, PromiseWithResolvers<void>>[] = [];

/** What is running and what has run, across all instances that share it. */
function work() {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  held.push(gates);
  const started: string[] = [];
  const signals: AbortSignal[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  return {
    started,
    signals,
    atOnce: () => atOnce,
    mostAtOnce: () => mostAtOnce,
    /** Turns of this key last until it is opened. */
    hold: (key: string) => gates.set(key, Promise.withResolvers()),
    release(key: string) {
      gates.get(key)?.resolve();
      gates.delete(key);
    },
    async run(key: string, signal: AbortSignal) {
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      signals.push(signal);
      started.push(key);
      await gates.get(key)?.promise;
      atOnce -= 1;
    },
  };
}

const count = (list: readonly string[], key: string) => list.filter((one) => one === key).length;

describe.each(ENGINES)('turns on %s', (engine) => {
  const db = withDatabase(engine);
  const opened: Turns[] = [];
  const logged: unknown[] = [];
  let names = 0;

  /** @param name that of an earlier one for a second instance */
  function turns(
    run: (key: string, signal: AbortSignal) => Promise<void>,
    { name = `q${++names}`, slots = 4, lease = 30, on = db() } = {},
  ) {
    const made = createTurns({
      db: on,
      log: { error: (entry: unknown) => void logged.push(entry) },
      name,
      slots,
      lease,
      run,
    });
    opened.push(made);
    return made;
  }
  const rows = async (on: Database = db()) =>
    (await on.query<{ name: string; state: string }>('select name, state::text as state from pgboss.job')).rows;

  afterEach(async () => {
    for (const gate of held.splice(0).flatMap((gates) => [...gates.values()])) gate.resolve();
    await Promise.all(opened.splice(0).map((one) => one.close()));
    expect(logged.splice(0)).toEqual([]);
    expect((await rows()).filter(({ state }) => state === 'active')).toEqual([]);
  });

  test('two queues opened at once, on a database that has none, both work', async () => {
    const did = work();
    const [one, two] = [turns(did.run), turns(did.run)];
    await Promise.all([one.open(), two.open()]);
    await Promise.all([one.ask(['a']), two.ask(['b'])]);
    await eventually(() => did.started.length === 2);
    await one.open();
  });

  test('a key that was asked for any number of times runs once, and leaves nothing behind', async () => {
    const did = work();
    const one = turns(did.run, { slots: 1 });
    did.hold('first');
    await one.ask(['first']);
    await eventually(() => did.started.length === 1);
    for (let i = 0; i < 5; i++) await one.ask(['a', 'b', 'a']);
    did.release('first');
    await eventually(() => did.started.length === 3);
    await eventually(async () => (await rows()).length === 0);
    expect(did.started.toSorted()).toEqual(['a', 'b', 'first']);
    expect(did.atOnce()).toBe(0);
  });

  test('what is asked for while it runs, runs once more afterwards', async () => {
    const did = work();
    const one = turns(did.run);
    did.hold('a');
    await one.ask(['a']);
    await eventually(() => did.atOnce() === 1);
    await Promise.all([one.ask(['a']), one.ask(['a']), one.ask(['b'])]);
    await eventually(() => did.started.includes('b'));
    expect(count(did.started, 'a')).toBe(1);
    did.release('a');
    await eventually(() => count(did.started, 'a') === 2);
    await eventually(async () => (await rows()).length === 0);
    expect(count(did.started, 'a')).toBe(2);
  });

  test('no more run at once than there are slots, and all run in the end', async () => {
    const did = work();
    const one = turns(did.run, { slots: 3 });
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    for (const key of keys.slice(0, 5)) did.hold(key);
    await one.ask(keys);
    await eventually(() => did.atOnce() === 3);
    for (const key of keys) did.release(key);
    await eventually(() => did.started.length === keys.length);
    expect(did.mostAtOnce()).toBe(3);
    expect(new Set(did.started).size).toBe(keys.length);
  });

  test('of two instances, one at a time works on a key', async () => {
    const name = 'shared';
    const other = engine === 'postgres' ? await openDatabase(await sameDatabase(db())) : db();
    const per = new Map<string, number>();
    let overlaps = 0;
    let ran = 0;
    const run = async (key: string) => {
      if (per.get(key)) overlaps += 1;
      per.set(key, 1);
      await new Promise((resolve) => setImmediate(resolve));
      await db().query('select 1');
      per.set(key, 0);
      ran += 1;
    };
    const [one, two] = [turns(run, { name }), turns(run, { name, on: other })];
    await Promise.all([one.open(), two.open()]);
    for (let i = 0; i < 25; i++) await Promise.all([one.ask(['a', 'b', 'c']), two.ask(['c', 'b', 'a'])]);
    await eventually(async () => (await rows()).length === 0);
    expect(overlaps).toBe(0);
    expect(ran).toBeGreaterThanOrEqual(3);
    await Promise.all(opened.splice(0).map((turn) => turn.close()));
    if (other !== db()) await other.close();
  });

  test('what one instance is asked for, another one does that has a free slot', async () => {
    const [busy, free] = [work(), work()];
    const one = turns(busy.run, { name: 'busy', slots: 1 });
    const two = turns(free.run, { name: 'busy', slots: 1 });
    await Promise.all([one.open(), two.open()]);
    for (const did of [busy, free]) for (const key of ['a', 'b']) did.hold(key);
    await one.ask(['a', 'b']);
    await eventually(() => busy.started.length === 1 && free.started.length === 1);
    for (const did of [busy, free]) for (const key of ['a', 'b']) did.release(key);
  });

  test('one that fails is logged and not repeated: whoever asks, asks again', async () => {
    let fails = 0;
    const one = turns(async () => {
      fails += 1;
      throw new Error('of this kind');
    });
    await one.ask(['a']);
    await eventually(() => logged.length === 1);
    await eventually(async () => (await rows()).length === 0);
    expect(logged.splice(0)).toMatchObject([{ key: 'a', err: { message: 'of this kind' } }]);
    await one.ask(['a']);
    await eventually(() => fails === 2 && logged.length === 1);
    logged.splice(0);
  });

  test('an outage of the database delays what waits and what ends, and loses neither', async () => {
    const did = work();
    let out = false;
    const on: Database = {
      ...db(),
      query: (text, values) => (out ? Promise.reject(new Error('out')) : db().query(text, values)),
    };
    const one = turns(did.run, { on, slots: 1 });
    did.hold('a');
    await one.ask(['a']);
    await eventually(() => did.atOnce() === 1);
    await one.ask(['a', 'b']);
    out = true;
    await expect(one.ask(['c'])).rejects.toThrow('out');
    did.release('a');
    await eventually(() => logged.length > 0);
    expect(did.started).toEqual(['a']);
    out = false;
    await eventually(() => did.started.length === 3);
    expect(logged.splice(0)[0]).toMatchObject({ err: { message: 'out' } });
    await eventually(async () => (await rows()).length === 0);
  });

  test('closing tells those that run, waits for them, and takes up nothing more', async () => {
    const did = work();
    const one = turns(did.run, { name: 'closing', slots: 1 });
    did.hold('a');
    await one.ask(['a', 'b']);
    await eventually(() => did.started.length === 1);
    let closed = false;
    const closing = one.close().then(() => {
      closed = true;
    });
    await eventually(() => did.signals[0]?.aborted === true);
    await db().query('select 1');
    expect(closed).toBe(false);
    did.release(did.started[0] ?? '');
    await closing;
    expect(did.started).toHaveLength(1);
    // What waits is there for the next who opens.
    expect(await rows()).toEqual([{ name: 'closing', state: 'created' }]);
    await turns(did.run, { name: 'closing' }).open();
    await eventually(() => did.started.length === 2);
    await expect(one.ask(['a'])).rejects.toThrow('closed');
  });

  test('closing what was never opened does nothing, and again neither', async () => {
    const one = turns(work().run);
    await one.close();
    await one.close();
  });

  test('the signal is aborted when the lease ends; a turn that goes on all the same is not doubled here', async () => {
    const did = work();
    const one = turns(did.run, { lease: 1 });
    did.hold('a');
    await one.ask(['a']);
    await eventually(() => did.signals[0]?.aborted === true);
    await one.ask(['a']);
    // Removed as lapsed, and as of a key that is still worked on.
    await eventually(async () => (await rows()).length === 0);
    expect(count(did.started, 'a')).toBe(1);
    did.release('a');
    await eventually(() => did.atOnce() === 0);
    await one.ask(['a']);
    await eventually(() => count(did.started, 'a') === 2);
  });
});

describe.each(ENGINES)('a turn whose instance is killed on %s', (engine) => {
  test('is taken up by another: on Postgres when its lease is over, on the embedded engine at the next start', async () => {
    const fresh = await freshDatabase(engine);
    const lease = engine === 'postgres' ? 2 : 600;
    const child = spawnProgram([HANG], { DATABASE_CONFIG: JSON.stringify(fresh.config), LEASE: String(lease) });
    await printed(child, 'took up a');
    await ended(child, 'SIGKILL');

    const db = await openDatabase(fresh.config);
    const ran: string[] = [];
    const run = async (key: string) => void ran.push(key);
    const turns = createTurns({ db, log: console, name: 'killed', slots: 1, lease, run });
    await turns.ask(['a']);
    await eventually(() => ran.length === 1);
    await turns.close();
    expect((await db.query('select 1 from pgboss.job')).rows).toEqual([]);
    await db.close();
    await fresh.drop();
  });
});

async function sameDatabase(db: Database): Promise<Parameters<typeof openDatabase>[0]> {
  const { rows } = await db.query<{ name: string; dir: string }>(
    `select current_database() as name, current_setting('unix_socket_directories') as dir`,
  );
  const { name = '', dir = '' } = rows[0] ?? {};
  const url = `postgres://mintmark@localhost/${name}?host=${encodeURIComponent(dir)}`;
  return { database: { engine: 'postgres', url }, dataDir: '' };
}
