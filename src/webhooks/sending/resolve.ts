import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { LOCALHOST } from './reach.ts';

/** The addresses of a host. @throws when it has none, or `signal` is aborted */
export type Resolve = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Half of a delivery's time at most, with the second try that waits twice as long. */
const PATIENCE = { timeout: 1_500, tries: 2 };

/**
 * Asks the name servers by ourselves. The system's own `getaddrinfo` occupies one of the few threads that passwords are
 * hashed on, for as long as a name server pleases: a target whose name server hangs would delay all others, and sign-ins.
 * It is asked for what only it knows (the hosts file, search domains), for one name at a time.
 */
export function createResolve(): Resolve {
  let free: Promise<unknown> = Promise.resolve();

  function askSystem(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const asked = free.then(async () => {
      signal.throwIfAborted();
      const found = await lookup(host, { all: true });
      return found.map(({ address }) => address);
    });
    free = asked.catch(() => {});
    return asked;
  }

  return (host, signal) => {
    if (isIP(host)) return Promise.resolve([host]);
    if (host === LOCALHOST.name) return Promise.resolve(LOCALHOST.addresses);
    return unlessAborted(
      signal,
      askNameServers(host, signal).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ETIMEOUT') throw error;
        return askSystem(host, signal);
      }),
    );
  };
}

async function askNameServers(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolver = new Resolver(PATIENCE);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]).finally(() =>
    signal.removeEventListener('abort', cancel),
  );
  const found = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length === 0 && four.status === 'rejected') throw four.reason;
  return found;
}

/** For what cannot be told to stop: nobody waits for it any longer. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
