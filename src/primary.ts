/**
 * The primary of several workers (`MINTMARK_WORKERS`): holds the address and the embedded engine, and serves nothing itself.
 * It hands each connection to the next worker; each worker opens everything and answers whatever comes.
 *
 * The first worker does what is done once at a start, the others follow when it listens. One that ends later is replaced.
 * Workers end by themselves when the primary is gone: nobody would hand them anything, and another program may start.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { openEngine } from './db/index.ts';
import { type StartFailure, StartRefused } from './start-failure.ts';

/** As this process was started itself: what is found compiled, and V8's flags, are theirs too. */
const PROGRAM = fileURLToPath(new URL('../bin/mintmark.js', import.meta.url));

/** Who has lived this long did not end because of how it starts: it is replaced at once. */
const SETTLED_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * @returns what stops them
 * @throws {StartRefused} with what the first worker says that cannot start
 */
export async function startWorkers(config: Config, log: Logger): Promise<() => Promise<void>> {
  const engine = await openEngine(config);
  cluster.setupPrimary({ exec: PROGRAM, args: ['serve'] });
  try {
    await listening(fork());
    await Promise.all(Array.from({ length: config.workers - 1 }, () => listening(fork())));
  } catch (error) {
    await Promise.all(living().map((worker) => ended(worker, 'SIGKILL')));
    await engine.close();
    throw error;
  }
  const replacing = replaceEnded(log);
  return async () => {
    replacing.end();
    const codes = await Promise.all(living().map((worker) => ended(worker, 'SIGTERM')));
    await engine.close();
    if (codes.some((code) => code)) throw new Error(`workers ended with ${codes.join(', ')}`);
  };
}

const living = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);

const forkedAt = new WeakMap<Worker, number>();

function fork(): Worker {
  const worker = cluster.fork();
  forkedAt.set(worker, performance.now());
  // A connection could not be handed to it: its end, which follows, says more.
  worker.on('error', () => {});
  return worker;
}

/** @throws {StartRefused} when it ends instead */
async function listening(worker: Worker): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  let failure: StartFailure | undefined;
  worker.once('message', (message: StartFailure) => {
    failure = message;
  });
  try {
    await Promise.race([
      once(worker, 'listening', { signal }),
      once(worker, 'exit', { signal }).then(([code, by]) => {
        throw new StartRefused(failure ?? { line: `a worker ended at its start (${by ?? code})`, exitCode: 1 });
      }),
    ]);
  } finally {
    over.abort();
  }
}

/** @returns its exit code; null when it had not got as far as to say one */
async function ended(worker: Worker, signal: NodeJS.Signals): Promise<number | null> {
  if (!worker.isDead()) {
    const exit = once(worker, 'exit');
    worker.process.kill(signal);
    await exit;
  }
  return worker.process.exitCode;
}

/** Forks another one for each that ends, later and later while they end soon. */
function replaceEnded(log: Logger): { end: () => void } {
  const pauses = new Set<NodeJS.Timeout>();
  let pause = 0;

  function replace(): void {
    const worker = fork();
    listening(worker).then(
      () => log.info({ worker: worker.id }, 'a worker took the place of one that ended'),
      (refused: Error) => log.error({ worker: worker.id }, refused.message),
    );
  }

  const onExit = (worker: Worker, code: number | null, signal: string | null) => {
    log.error({ worker: worker.id, code, signal }, 'a worker ended');
    const settled = performance.now() - (forkedAt.get(worker) ?? 0) >= SETTLED_MS;
    pause = settled ? 0 : Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pause * 2));
    const timer = setTimeout(() => {
      pauses.delete(timer);
      replace();
    }, pause);
    pauses.add(timer);
  };
  cluster.on('exit', onExit);
  return {
    end() {
      cluster.off('exit', onExit);
      for (const timer of pauses) clearTimeout(timer);
    },
  };
}
