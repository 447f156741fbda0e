/** Opens what the settings name, listens, and lets go of it again. */
import { createServer, type Server } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { openDatabase, type Role } from './db/index.ts';

/** In-flight requests get this long to finish after SIGTERM; an orchestrator's own patience is usually 10 s and more. */
const DRAIN_MS = 8_000;
/**
 * Connections that may wait to be accepted: as many as the system lets (Linux: `net.core.somaxconn`, 4,096). Past Node's 511 a
 * burst of them is not answered, and who is not tries again after one second, three, seven.
 */
const BACKLOG = 65_535;

/** @returns what stops it */
export async function serve(config: Config, log: Logger, role: Role): Promise<() => Promise<void>> {
  // The database has a process or a thread of its own: it answers while the rest of the program is loaded.
  const [db, { openCapabilities }, { listener }] = await Promise.all([
    openDatabase(config, role),
    import('./capabilities.ts'),
    import('./app.ts'),
  ]);
  const capabilities = await openCapabilities(config, db, log, role);
  const server = createServer(listener(config, capabilities, log));
  await listen(server, config);
  return () => stop(server, capabilities.close, log);
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => resolve());
  });
}

/** Stops accepting, lets what is in flight finish, then lets go of the database. */
async function stop(server: Server, close: () => Promise<void>, log: Logger): Promise<void> {
  log.info('stopping');
  const drained = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  // Connections that finish their request meanwhile must not be kept alive for another one.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const impatient = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await drained;
  clearInterval(idle);
  clearTimeout(impatient);
  await close();
  log.info('stopped');
}
