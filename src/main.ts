/** serve: read the settings, open what they name, listen, and drain when told to stop. The only process.exit. */
import { createServer, type Server } from 'node:http';
import type { Logger } from 'pino';
import { listener } from './app.ts';
import { openCapabilities } from './capabilities.ts';
import { type Config, readConfig } from './config.ts';
import { createLog } from './http/index.ts';
import { startFailure } from './start-failure.ts';

/** In-flight requests get this long to finish after SIGTERM; an orchestrator's own patience is usually 10 s and more. */
const DRAIN_MS = 8_000;

try {
  await serve(readConfig());
} catch (error) {
  const { line, exitCode } = startFailure(error);
  process.stderr.write(`mintmark: ${line}\n`);
  process.exit(exitCode);
}

async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  // What libraries say goes where everything goes: one JSON line.
  console.warn = console.info = (message: unknown) => log.warn({ library: true }, String(message));

  const capabilities = await openCapabilities(config, log);
  const server = createServer(listener(config, capabilities, log));
  await listen(server, config);
  // Before anybody is told that the server is ready: who is told may stop it at once.
  // Listened to until the end: Ctrl-C under npm arrives twice, and the second must not cut the draining short.
  let stopping = false;
  const onSignal = () => {
    if (stopping) return;
    stopping = true;
    stop(server, capabilities.close, log).then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  log.info({ issuer: config.issuer, database: config.database.engine }, 'ready');
  process.stdout.write(`Mintmark is ready at ${config.issuer}\n`);
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
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
