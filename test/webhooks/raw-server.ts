/** Targets that do not keep to HTTP: what each connection is answered is up to the test. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { currentRun } from '../support/run.ts';

export interface RawServer {
  readonly port: number;
  /** `http://localhost:<port>/hook`. */
  readonly url: string;
  /** That were made so far. */
  connections(): number;
  /** That are open now. */
  open(): number;
  /** That were open at the same time. */
  mostOpen(): number;
  close(): Promise<void>;
}

type Answer = (socket: Socket, request: string) => void;

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** Where the certificate lies, for NODE_EXTRA_CA_CERTS. */
  readonly path: string;
}

/** @param answer called with every piece that comes in; never, when it is undefined */
export function rawServer(answer: Answer | undefined): Promise<RawServer> {
  return listening((each) => createServer(each), answer, 'http');
}

export function rawTlsServer(certificate: Certificate, answer: Answer | undefined): Promise<RawServer> {
  return listening((each) => createTlsServer(certificate, each), answer, 'https');
}

async function listening(
  create: (each: (socket: Socket) => void) => Server,
  answer: Answer | undefined,
  scheme: string,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let mostOpen = 0;
  const server = create((socket) => {
    socket.on('error', () => {});
    socket.on('data', (piece) => answer?.(socket, piece.toString()));
  });
  // Also of those whose TLS handshake never ends.
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    mostOpen = Math.max(mostOpen, sockets.size);
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${scheme}://localhost:${port}/hook`,
    connections: () => connections,
    open: () => sockets.size,
    mostOpen: () => mostOpen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Signed by itself, for a day. */
export async function makeCertificate(names: string): Promise<Certificate> {
  const dir = await mkdtemp(join(currentRun().dir, 'certificate-'));
  const [keyPath, path] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const about = ['-subj', '/CN=mintmark test', '-addext', `subjectAltName=${names}`];
  await promisify(execFile)('openssl', ['req', ...kind, ...about, '-keyout', keyPath, '-out', path]);
  return { key: await readFile(keyPath, 'utf8'), cert: await readFile(path, 'utf8'), path };
}
