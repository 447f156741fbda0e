/**
 * The least HTTP/1.1 client that can tell a right answer from a wrong one. It shares its core with Postgres, so what it costs
 * is taken from what is measured: bytes land in one buffer of ours, and nothing is decoded that nobody asks for.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Status line and headers. Both are views of a buffer that the next answer on this connection overwrites. */
  readonly head: Buffer;
  readonly body: Buffer;
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

const CHUNK_BYTES = 64 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const ZERO = 48;

/** A kept-alive connection; an answer is awaited before the next request is sent. */
export async function openConnection(host: string, port: number): Promise<Connection> {
  let pending: Pending | undefined;
  let earlier: Buffer | undefined;

  function received(length: number, buffer: Uint8Array): boolean {
    const chunk = (buffer as Buffer).subarray(0, length);
    const bytes = earlier ? Buffer.concat([earlier, chunk]) : chunk;
    const answer = complete(bytes);
    // The socket's buffer is read into again before the rest arrives.
    earlier = answer ? undefined : Buffer.from(bytes);
    if (answer) pending?.answered(answer);
    return true;
  }
  function fail(error: Error): void {
    pending?.failed(error);
    pending = undefined;
  }

  const socket = await connected(host, port, received);
  socket.on('error', fail).on('close', () => fail(new Error('the server closed the connection')));
  return {
    exchange: (request) =>
      new Promise((answered, failed) => {
        pending = { answered, failed };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

/** With `onread` the socket is no stream of chunks: every read lands in the same buffer, and calls back at once. */
function connected(
  host: string,
  port: number,
  callback: (length: number, buffer: Uint8Array) => boolean,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const onread = { buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES), callback };
    const socket = connect({ host, port, noDelay: true, onread })
      .once('error', reject)
      .once('connect', () => resolve(socket.off('error', reject)));
  });
}

/** @returns undefined until the whole answer is there: as long as Content-Length says, or to the last chunk */
function complete(received: Buffer): Answer | undefined {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const body = received.subarray(end + HEAD_END.length);
  const status = Number(received.toString('latin1', 9, 12));
  const length = status === 204 || status === 304 ? 0 : contentLength(received, end);
  const whole = length === undefined ? body.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) : body.length >= length;
  return whole ? { status, head: received.subarray(0, end), body } : undefined;
}

/** As frameworks write it, and as `writeHead` with the names of HTTP/2 does. */
const SPELLINGS = ['\r\nContent-Length: ', '\r\ncontent-length: '].map((text) => Buffer.from(text));

function contentLength(received: Buffer, end: number): number | undefined {
  for (const spelling of SPELLINGS) {
    const at = received.indexOf(spelling);
    if (at < 0 || at >= end) continue;
    let length = 0;
    for (let i = at + spelling.length; received[i] !== undefined && received[i] !== 13; i += 1) {
      length = length * 10 + (received[i] as number) - ZERO;
    }
    return length;
  }
  return undefined;
}
