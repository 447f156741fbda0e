/** The worker thread of the embedded Postgres: PGlite behind a Unix socket that speaks Postgres's wire protocol. */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const { pgdata, path } = workerData as { pgdata: string; path: string };

const db = await PGlite.create(pgdata);
// Two, because the migration runner's connection may still be closing when the pool's opens. They share one session.
const server = new PGLiteSocketServer({ db, path, maxConnections: 2 });
await server.start();
parentPort?.postMessage('ready');

parentPort?.on('message', async (message: unknown) => {
  if (message !== 'close') return;
  await server.stop();
  await db.close();
  parentPort?.postMessage('closed');
});
