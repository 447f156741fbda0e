/** The worker thread of the embedded Postgres: PGlite behind a Unix socket that speaks Postgres's wire protocol. */
import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { shareSession } from './embedded-session.ts';

const { pgdata, path } = workerData as { pgdata: string; path: string };

const db = await PGlite.create(pgdata);

const session = shareSession(async (batch) => {
  const pieces: Buffer[] = [];
  // Copied: what it hands out is a view of memory that it writes to again.
  await db.execProtocolRawStream(batch, { onRawData: (piece) => pieces.push(Buffer.from(piece)) });
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
});

const server = createServer(session.connected).listen(path, () => parentPort?.postMessage('ready'));

parentPort?.on('message', async (message: unknown) => {
  if (message !== 'close') return;
  server.close();
  await session.close();
  await db.close();
  parentPort?.postMessage('closed');
});
