/** A TCP proxy before Postgres: cutting it is what a failover, a restart or a pulled cable looks like to the program. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface DatabaseProxy {
  /** The database's URL by way of this proxy. */
  readonly url: string;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Accepts again, at the same address. */
  restore(): Promise<void>;
  /** Lets nothing through any more on the connections there are, and ends none: a network that forgot them. */
  forget(): void;
  close(): Promise<void>;
}

/** @param databaseUrl over TCP, or over a Unix socket named in the `host` parameter */
export async function startProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const url = new URL(databaseUrl);
  const directory = url.searchParams.get('host');
  const port = Number(url.port || 5432);
  const target = directory ? { path: `${directory}/.s.PGSQL.${port}` } : { host: url.hostname, port };
  const sockets = new Set<Socket>();
  const forget = (socket: Socket) => socket.on('error', () => {}).on('close', () => sockets.delete(socket));

  const listen = (at: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer((near) => {
        const far = connect(target);
        for (const socket of [near, far]) sockets.add(forget(socket));
        near.pipe(far).pipe(near);
        near.on('close', () => far.destroy());
        far.on('close', () => near.destroy());
      }).once('error', reject);
      server.listen(at, '127.0.0.1', () => resolve(server));
    });

  let server: Server | undefined = await listen(0);
  const address = server.address() as AddressInfo;
  url.searchParams.delete('host');
  url.host = `127.0.0.1:${address.port}`;

  async function cut(): Promise<void> {
    const closing = server;
    server = undefined;
    const closed = new Promise<void>((resolve) => (closing ? closing.close(() => resolve()) : resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    url: url.href,
    forget() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    cut,
    async restore() {
      server ??= await listen(address.port);
    },
    close: cut,
  };
}
