import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { holdDataDirectory, socketPathIn } from './data-directory.ts';

export interface EmbeddedPostgres {
  /** A connection string for `pg`: Postgres's own wire protocol over a Unix socket in the data directory. */
  readonly url: string;
  close(): Promise<void>;
}

/** `pg` finds a server in a directory under this file name, as libpq does. */
const SOCKET = '.s.PGSQL.5432';

/**
 * PGlite in a worker thread: its WebAssembly runs synchronously and would stop the event loop that answers requests.
 *
 * @throws {DataDirectoryInUse}
 */
export async function openEmbedded(dataDir: string): Promise<EmbeddedPostgres> {
  const directory = await holdDataDirectory(dataDir);
  const path = socketPathIn(dataDir, SOCKET);
  try {
    await rm(path, { force: true });
    const pgdata = join(dataDir, 'pgdata');
    await mkdir(pgdata, { recursive: true, mode: 0o700 });
    const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), { workerData: { pgdata, path } });
    await answered(worker, 'ready');
    return {
      url: embeddedUrl(dataDir),
      async close() {
        worker.postMessage('close');
        await answered(worker, 'closed');
        await worker.terminate();
        await directory.release();
      },
    };
  } catch (cause) {
    await directory.release();
    throw cause;
  }
}

/** Where the engine of this directory is reached while some process has it open. */
export function embeddedUrl(dataDir: string): string {
  const directory = resolve(dirname(socketPathIn(dataDir, SOCKET)));
  return `postgres://postgres@localhost/postgres?host=${encodeURIComponent(directory)}`;
}

/**
 * Waits for the worker to say `word`. Only while waiting are its errors listened to: an engine that dies later cannot be
 * brought back, so the process ends with that error and whoever supervises it starts it again.
 */
async function answered(worker: Worker, word: string): Promise<void> {
  const [message] = (await once(worker, 'message')) as unknown[];
  if (message !== word) throw new Error(`the embedded database said ${String(message)} instead of ${word}`);
}
