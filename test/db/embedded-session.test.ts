/** Several processes on the one session of the embedded engine: to each of them it is as if it had one of its own. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { embeddedUrl } from '#src/db/embedded.ts';
import { shareSession } from '#src/db/embedded-session.ts';
import { openEngine } from '#src/db/index.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

describe('Connections that share the embedded engine', () => {
  let fresh: TestDatabase;
  let engine: { close: () => Promise<void> };
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    fresh = await freshDatabase('embedded');
    engine = await openEngine(fresh.config);
    const admin = await connected();
    await admin.query('create table counters (id int primary key, value int not null)');
    await admin.query('insert into counters values (1, 0)');
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
    await engine.close();
    await fresh.drop();
  });

  async function connected(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: embeddedUrl(fresh.dataDir) });
    client.on('error', () => {});
    clients.push(client);
    await client.connect();
    return client;
  }

  const value = async (client: pg.Client) =>
    (await client.query<{ value: number }>('select value from counters where id = $1', [1])).rows[0]?.value;

  /** What a process does to its connections that is killed. */
  const vanish = (client: pg.Client) =>
    (client as unknown as { connection: pg.Connection }).connection.stream.destroy();

  test('prepare statements of the same name without meeting, and many at once get each their own answer', async () => {
    const [one, two] = [await connected(), await connected()];
    const numbers = Array.from({ length: 100 }, (_, i) => i + 1);
    async function answers(client: pg.Client, text: string): Promise<unknown[]> {
      const given: unknown[] = [];
      for (const i of numbers) given.push((await client.query({ name: 'same name', text, values: [i] })).rows[0]?.n);
      return given;
    }
    const [ones, twos] = await Promise.all([answers(one, 'select $1::int as n'), answers(two, 'select -$1::int as n')]);
    expect({ ones, twos }).toEqual({ ones: numbers, twos: numbers.map((n) => -n) });
  });

  test('what one has prepared goes with it, and leaves the others theirs', async () => {
    const [one, two] = [await connected(), await connected()];
    const prepared = async (client: pg.Client) =>
      (await client.query(`select 1 from pg_prepared_statements where name like '%going'`)).rowCount;
    for (const client of [one, two]) await client.query({ name: 'going', text: 'select $1::int', values: [1] });
    expect(await prepared(two)).toBe(2);
    await one.end();
    await eventually(async () => (await prepared(two)) === 1);
    expect((await two.query({ name: 'going', text: 'select $1::int', values: [1] })).rowCount).toBe(1);
  });

  test('a transaction keeps the others waiting until it is over', async () => {
    const [one, two] = [await connected(), await connected()];
    await one.query('begin');
    await one.query('update counters set value = value + 1 where id = $1', [1]);
    let answered = false;
    const outside = value(two).finally(() => {
      answered = true;
    });
    // Several round trips of the one, each of which the other's statement could have slipped in front of.
    for (const _ of [1, 2, 3, 4, 5]) await one.query('select 1');
    expect(answered).toBe(false);
    const inside = await value(one);
    await one.query('commit');
    expect(await outside).toBe(inside);
  });

  test('counting up at once in transactions loses nothing', async () => {
    const counting = await Promise.all([1, 2, 3].map(() => connected()));
    const before = (await value(counting[0] as pg.Client)) ?? 0;
    await Promise.all(
      counting.map(async (client) => {
        for (let i = 0; i < 20; i += 1) {
          await client.query('begin');
          const read = (await value(client)) ?? 0;
          await client.query('update counters set value = $2 where id = $1', [1, read + 1]);
          await client.query('commit');
        }
      }),
    );
    expect(await value(counting[0] as pg.Client)).toBe(before + 60);
  });

  test('who goes away in the middle of a transaction is rolled back, and the others go on', async () => {
    const [one, two] = [await connected(), await connected()];
    const before = await value(two);
    await one.query('begin');
    await one.query('update counters set value = -1 where id = $1', [1]);
    const waiting = value(two);
    vanish(one);
    expect(await waiting).toBe(before);
  });

  test('a statement that fails is the matter of its own connection, also in a transaction', async () => {
    const [one, two] = [await connected(), await connected()];
    await expect(one.query('select 1 / $1::int', [0])).rejects.toThrow('division by zero');
    await one.query('begin');
    await expect(one.query('select 1 / $1::int', [0])).rejects.toThrow('division by zero');
    const waiting = value(two);
    await expect(value(one)).rejects.toThrow('current transaction is aborted');
    await one.query('rollback');
    expect(await waiting).toBe(await value(one));
  });

  test('what one notifies, all hear once it is committed', async () => {
    const [one, two] = [await connected(), await connected()];
    const heard: (string | undefined)[] = [];
    two.on('notification', ({ payload }) => heard.push(payload));
    await two.query('listen news');
    await one.query('begin');
    await one.query(`notify news, 'first'`);
    expect(heard).toEqual([]);
    await one.query('commit');
    await eventually(() => heard.length === 1);
    await one.query(`notify news, 'second'`);
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['first', 'second']);
  });

  test('a statement of megabytes, and an answer of as many, are one batch each', async () => {
    const one = await connected();
    const { rows } = await one.query<{ text: string }>(`select repeat($1::text, 2) as text`, ['x'.repeat(2_000_000)]);
    expect(rows[0]?.text).toHaveLength(4_000_000);
  });

  test('who speaks another protocol is hung up on', async () => {
    const path = decodeURIComponent(new URL(embeddedUrl(fresh.dataDir)).searchParams.get('host') ?? '');
    const socket = connect(`${path}/.s.PGSQL.5432`);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    // A start of version 2.0: eight bytes.
    socket.write(Buffer.from([0, 0, 0, 8, 0, 2, 0, 0]));
    await closed;
    expect(await value(await connected())).toBeDefined();
  });
});

describe('Who hangs in the middle of a transaction', () => {
  const framed = (type: string, body: string) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(4 + body.length);
    return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
  };
  const START = framed('', '\0\x03\0\0');

  test('is hung up on, rolled back, and the others go on', async () => {
    const ran: string[] = [];
    const session = shareSession(async (batch) => {
      const text = batch.toString();
      ran.push(/begin|rollback|select/.exec(text)?.[0] ?? 'start');
      return framed('Z', text.includes('begin') ? 'T' : 'I');
    }, 50);
    const server = createServer(session.connected).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const [hanging, other] = [connect({ port, host: '127.0.0.1' }), connect({ port, host: '127.0.0.1' })];
    hanging.write(Buffer.concat([START, framed('Q', 'begin\0')]));
    await eventually(() => ran.includes('begin'));
    other.write(Buffer.concat([START, framed('Q', 'select\0')]));
    await once(hanging.resume(), 'close');
    await eventually(() => ran.at(-1) === 'select');
    expect(ran.slice(ran.indexOf('begin'))).toEqual(['begin', 'rollback', 'start', 'select']);
    other.destroy();
    await session.close();
    server.close();
  });
});
