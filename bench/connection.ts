/** The least HTTP/1.1 client that can tell a right answer from a wrong one: what it costs is taken from what is measured. */
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Pending {
  readonly answered: (answer: Answer) => void;
  readonly failed: (error: Error) => void;
}

export interface Connection {
  /** One at a time. */
  exchange(request: Buffer): Promise<Answer>;
  close(): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** A kept-alive connection; an answer is awaited before the next request is sent. */
export async function openConnection(host: string, port: number): Promise<Connection> {
  const socket = await connected(host, port);
  let received: Buffer = Buffer.alloc(0);
  let pending: Pending | undefined;

  function fail(error: Error): void {
    pending?.failed(error);
    pending = undefined;
  }
  socket.on('error', fail).on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = complete(received);
    if (!answer) return;
    received = Buffer.alloc(0);
    pending?.answered(answer);
  });

  return {
    exchange: (request) =>
      new Promise((answered, failed) => {
        pending = { answered, failed };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
      .once('error', reject)
      .once('connect', () => resolve(socket.off('error', reject)));
  });
}

/** @returns undefined until the whole answer is there: as long as Content-Length says, or to the last chunk */
function complete(received: Buffer): Answer | undefined {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const body = received.subarray(end + HEAD_END.length);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  const whole =
    length === undefined ? body.subarray(-5).equals(Buffer.from('0\r\n\r\n')) : body.length >= Number(length);
  return whole ? { status: Number(head.slice(9, 12)), body: body.toString() } : undefined;
}
