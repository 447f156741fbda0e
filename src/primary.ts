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
import { takeBackWhenGone } from './handed-over.ts';
import { type StartFailure, StartRefused } from './start-failure.ts';

/** As this process was started itself: what is found compiled, and V8's flags, are theirs too. */
const PROGRAM = fileURLToPath(new URL('../bin/mintmark.js', import.meta.url));

/** Who has lived this long did not end because of how it starts: it is replaced at once. */
const SETTLED_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A worker drains for eight seconds; one that still has not ended hangs, and the others' engine waits for it. */
const DRAINED_MS = 15_000;

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
  const replacing = keepUp(config.workers, log);
  return async () => {
    replacing.end();
    const codes = await Promise.all(living().map((worker) => ended(worker, 'SIGTERM')));
    await engine.close();
    if (codes.some((code) => code)) throw new Error(`workers ended with ${codes.join(', ')}`);
  };
}

const living = (): Worker[] =>
  Object.values(cluster.workers ?? {})
    .filter((worker) => worker !== undefined)
    .filter(hasBegun);

const forkedAt = new WeakMap<Worker, number>();

function fork(): Worker {
  const worker = cluster.fork();
  forkedAt.set(worker, performance.now());
  // A connection could not be handed to it: its end, which follows, says more.
  worker.on('error', () => {});
  takeBackWhenGone(worker);
  return worker;
}

/** @throws {StartRefused} when it ends instead, or was not even begun: then no `exit` tells of it */
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
    ]).catch((error: unknown) => {
      if (error instanceof StartRefused) throw error;
      throw new StartRefused({ line: `a worker could not be started: ${(error as Error).message}`, exitCode: 1 });
    });
  } finally {
    over.abort();
  }
}

/** @returns its exit code; null when it had not got as far as to say one */
async function ended(worker: Worker, signal: NodeJS.Signals): Promise<number | null> {
  if (hasBegun(worker) && !worker.isDead()) {
    const exit = once(worker, 'exit');
    worker.process.kill(signal);
    const impatient = setTimeout(() => worker.process.kill('SIGKILL'), DRAINED_MS);
    await exit;
    clearTimeout(impatient);
  }
  return worker.process.exitCode;
}

/** For want of memory or of processes. */
const hasBegun = (worker: Worker): boolean => worker.process.pid !== undefined;

/** Forks another one for each that ends, also for those that did while the others started; later and later while they end soon. */
function keepUp(count: number, log: Logger): { end: () => void } {
  const pauses = new Set<NodeJS.Timeout>();
  let pause = 0;

  async function replace(): Promise<void> {
    let worker: Worker | undefined;
    try {
      worker = fork();
      await listening(worker);
      log.info({ worker: worker.id }, 'a worker took the place of one that ended');
    } catch (error) {
      log.error({ worker: worker?.id }, (error as Error).message);
      // Of one that had begun, its exit tells as well.
      if (!worker || !hasBegun(worker)) later();
    }
  }

  function later(settled = false): void {
    pause = settled ? 0 : Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pause * 2));
    const timer = setTimeout(() => {
      pauses.delete(timer);
      void replace();
    }, pause);
    pauses.add(timer);
  }

  const onExit = (worker: Worker, code: number | null, signal: string | null) => {
    log.error({ worker: worker.id, code, signal }, 'a worker ended');
    later(performance.now() - (forkedAt.get(worker) ?? 0) >= SETTLED_MS);
  };
  cluster.on('exit', onExit);
  for (let missing = count - living().length; missing > 0; missing -= 1) later();
  return {
    end() {
      cluster.off('exit', onExit);
      for (const timer of pauses) clearTimeout(timer);
    },
  };
}
