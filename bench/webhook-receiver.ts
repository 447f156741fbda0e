/**
 * What webhooks are sent to, in a process of its own so that it can be pinned away from the server: one port that answers
 * 204 at once and counts, and one that accepts and never answers. Prints a Receiver; `GET /count` answers Counted, and
 * `POST /hang-up` closes what hangs.
 */
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';

export interface Receiver {
  readonly healthy: string;
  readonly hanging: string;
}

export interface Counted {
  /** Different `webhook-id`s, and all that came. */
  readonly events: number;
  readonly deliveries: number;
  /** Milliseconds since the epoch; 0: none came. */
  readonly first: number;
  readonly last: number;
  /** Connections that wait for an answer now. */
  readonly hanging: number;
}

/** One path counts for itself: what comes late for a webhook before this one is not this one's. */
interface Inbox {
  readonly ids: Set<string>;
  deliveries: number;
  first: number;
  last: number;
}

const inboxes = new Map<string, Inbox>();
const waiting = new Set<Socket>();

const healthy = createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
  if (pathname === '/count') return answer(res, counted(searchParams.get('path') ?? ''));
  if (pathname === '/hang-up') for (const socket of waiting) socket.destroy();
  else take(pathname, String(req.headers['webhook-id']));
  req.resume().once('end', () => res.writeHead(204).end());
});
const hanging = createTcpServer((socket) => {
  waiting.add(socket);
  // Read, so that whoever gives up is noticed.
  socket.resume().on('error', () => {});
  socket.once('close', () => waiting.delete(socket));
});

const origins: Receiver = { healthy: await listening(healthy), hanging: await listening(hanging) };
process.stdout.write(`${JSON.stringify(origins)}\n`);
// Whoever started this holds the other end: it ends with them, however they end.
process.stdin.resume().once('end', () => process.exit(0));

function take(path: string, id: string): void {
  const inbox = inboxes.get(path) ?? { ids: new Set<string>(), deliveries: 0, first: Date.now(), last: 0 };
  inboxes.set(path, inbox);
  inbox.ids.add(id);
  inbox.deliveries += 1;
  inbox.last = Date.now();
}

function counted(path: string): Counted {
  const { ids, deliveries = 0, first = 0, last = 0 } = inboxes.get(path) ?? {};
  return { events: ids?.size ?? 0, deliveries, first, last, hanging: waiting.size };
}

function answer(res: ServerResponse, body: Counted): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
