/** serve: read the settings, start what they ask for, and drain when told to stop. The only process.exit. */
import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { type Config, readConfig } from './config.ts';
import type { Role } from './db/index.ts';
import { createLog } from './http/index.ts';
import { startWorkers } from './primary.ts';
import { startFailure } from './start-failure.ts';

try {
  await main(readConfig());
} catch (error) {
  const failure = startFailure(error);
  const end = () => process.exit(failure.exitCode);
  // A worker's start fails for the program: who forked it says so, once.
  if (cluster.isWorker && process.connected) {
    process.send?.(failure, end);
  } else {
    process.stderr.write(`mintmark: ${failure.line}\n`);
    end();
  }
}

async function main(config: Config): Promise<void> {
  const log = createLog(config.logLevel, cluster.worker?.id);
  // What libraries say goes where everything goes: one JSON line.
  console.warn = console.info = (message: unknown) => log.warn({ library: true }, String(message));

  const stop = await start(config, log);
  // Before anybody is told that the server is ready: who is told may stop it at once.
  // Listened to until the end: Ctrl-C under npm arrives twice, and the second must not cut the draining short.
  let stopping = false;
  const onSignal = () => {
    if (stopping) return;
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  if (cluster.isWorker) return;
  log.info({ issuer: config.issuer, database: config.database.engine }, 'ready');
  process.stdout.write(`Mintmark is ready at ${config.issuer}\n`);
}

/**
 * What serves is loaded where something is served: the primary of several workers does not.
 *
 * @returns what stops it
 */
async function start(config: Config, log: Logger): Promise<() => Promise<void>> {
  if (cluster.isPrimary && config.workers > 1) return startWorkers(config, log);
  const { serve } = await import('./serve.ts');
  return serve(config, log, role());
}

function role(): Role {
  if (!cluster.worker) return 'alone';
  return cluster.worker.id === 1 ? 'first worker' : 'worker';
}
