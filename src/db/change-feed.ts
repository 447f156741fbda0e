import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Database } from './database.ts';

/** The channel that the `announce_change` trigger notifies; the payload is the table's name. */
const CHANNEL = 'mintmark';
/** Without a listening connection nobody tells us of changes: assume one this often, so an outage bounds staleness. */
const POLL_MS = 1_000;
/**
 * The listening connection is the one that idles: a network that drops it says nothing, and neither does silence. So it is
 * asked as often whether it is there, and gone when it does not answer in this time.
 */
const ANSWER_MS = 2_000;

export interface ChangeFeed {
  readonly onChange: Database['onChange'];
  /** Listens on a connection that somebody else owns. */
  listenOn(client: pg.ClientBase): Promise<void>;
  /** That connection is gone. */
  interrupted(): void;
  close(): Promise<void>;
}

/**
 * LISTEN on a connection of its own when there is a `url`. On the embedded engine the pool hands its only connection to
 * `listenOn`: notices of this process's own writes arrive with the answers, those of other workers before theirs.
 */
export async function createChangeFeed(url: string | undefined): Promise<ChangeFeed> {
  const changes = new EventEmitter().setMaxListeners(0);
  const everythingChanged = () => {
    for (const table of changes.eventNames()) changes.emit(table);
  };
  const onChange: Database['onChange'] = (table, changed) => {
    changes.on(table, changed);
    return () => changes.off(table, changed);
  };
  async function listenOn(client: pg.ClientBase): Promise<void> {
    client.on('notification', ({ payload }) => void (payload && changes.emit(payload)));
    await client.query(`listen ${CHANNEL}`);
    everythingChanged();
  }

  if (!url) return { onChange, listenOn, interrupted: everythingChanged, close: async () => {} };

  const closing = new AbortController();
  let current: pg.Client | undefined;

  /** Resolves when the connection is lost. @throws when it cannot be made */
  async function listenUntilLost(connectionString: string, ready: () => void): Promise<void> {
    const client = new pg.Client({
      connectionString,
      application_name: 'mintmark changes',
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
    });
    const lost = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
    });
    try {
      await client.connect();
      await listenOn(client);
      current = client;
      ready();
      await Promise.race([lost, keepAsking(client)]);
    } finally {
      current = undefined;
      // Not waited for: it says goodbye to somebody who may not be there.
      client.end().catch(() => {});
    }
  }

  /** @throws when it does not answer */
  async function keepAsking(client: pg.Client): Promise<void> {
    while (!closing.signal.aborted) {
      await pause();
      await client.query('select 1');
    }
  }

  async function listenForever(connectionString: string, ready: () => void): Promise<void> {
    // Failing to listen is not an error of any request; assuming changes is the answer to it, also while connecting takes long.
    const assuming = setInterval(() => current ?? everythingChanged(), POLL_MS).unref();
    while (!closing.signal.aborted) {
      await listenUntilLost(connectionString, ready).catch(() => {});
      everythingChanged();
      await pause();
    }
    clearInterval(assuming);
  }

  const pause = () => sleep(POLL_MS, undefined, { signal: closing.signal, ref: false }).catch(() => {});

  const listening = await new Promise<{ ended: Promise<void> }>((resolve) => {
    const ended: Promise<void> = listenForever(url, () => resolve({ ended }));
  });

  return {
    onChange,
    listenOn,
    interrupted: everythingChanged,
    async close() {
      closing.abort();
      await listening.ended;
    },
  };
}
