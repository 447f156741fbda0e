/** Frames of Postgres's wire protocol, version 3.0 (Postgres documentation, "Message Formats"): type, length, body. */

const LENGTH_BYTES = 4;
const PARSE = 0x50;
const BIND = 0x42;
const DESCRIBE = 0x44;
const CLOSE = 0x43;
const OF_STATEMENT = 0x53;
const SYNC = 0x53;
const QUERY = 0x51;
const TERMINATE = 0x58;
const NOTIFICATION = 0x41;
const READY_FOR_QUERY = 0x5a;
const IDLE = 0x49;

/** The first frame of a connection has no type: a start, or a question about encryption that is asked before it. */
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const PROTOCOL_3 = 3;

export type Opening = 'start' | 'encryption' | 'unknown';

export function openingOf(frame: Buffer): Opening {
  const code = frame.readInt32BE(LENGTH_BYTES);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return 'encryption';
  return code >>> 16 === PROTOCOL_3 ? 'start' : 'unknown';
}

/** Whether the engine answers this frame, and all that came since the last such frame, with "ready for query". */
export const endsBatch = (frame: Buffer): boolean => frame[0] === SYNC || frame[0] === QUERY;

export const isGoodbye = (frame: Buffer): boolean => frame[0] === TERMINATE;

/** @returns the length of the first frame, when all of it is there */
export function wholeFrame(received: Buffer, typed: boolean): number | undefined {
  const before = typed ? 1 : 0;
  if (received.length < before + LENGTH_BYTES) return undefined;
  const length = before + received.readInt32BE(before);
  return received.length >= length ? length : undefined;
}

/** The frame with `prefix` before the name of the prepared statement that it is about; itself where it has no name. */
export function withPrefix(frame: Buffer, prefix: Buffer): Buffer {
  const at = nameAt(frame);
  if (at === undefined || frame[at] === 0) return frame;
  const renamed = Buffer.concat([frame.subarray(0, at), prefix, frame.subarray(at)]);
  renamed.writeInt32BE(renamed.length - 1, 1);
  return renamed;
}

/** The name that this frame prepares a statement under. */
export function preparedBy(frame: Buffer): string | undefined {
  if (frame[0] !== PARSE) return undefined;
  return frame.toString('utf8', 5, frame.indexOf(0, 5)) || undefined;
}

function nameAt(frame: Buffer): number | undefined {
  switch (frame[0]) {
    case PARSE:
      return 5;
    case BIND:
      return frame.indexOf(0, 5) + 1;
    case DESCRIBE:
    case CLOSE:
      return frame[5] === OF_STATEMENT ? 6 : undefined;
    default:
      return undefined;
  }
}

export interface Answered {
  /** One is open, or failed and not yet rolled back. */
  readonly inTransaction: boolean;
  /** Frames about what was notified meanwhile. */
  readonly notifications: readonly Buffer[];
}

/** @param answer whole frames */
export function readAnswer(answer: Buffer): Answered {
  const notifications: Buffer[] = [];
  let inTransaction = false;
  for (let at = 0; at < answer.length; ) {
    const end = at + 1 + answer.readInt32BE(at + 1);
    if (answer[at] === NOTIFICATION) notifications.push(answer.subarray(at, end));
    if (answer[at] === READY_FOR_QUERY) inTransaction = answer[at + 5] !== IDLE;
    at = end;
  }
  return { inTransaction, notifications };
}

/** Ends an open transaction, and forgets prepared statements. */
export function farewell(names: Iterable<string>, rollBack: boolean): Buffer {
  const closes = [...names].map((name) => frame(CLOSE, Buffer.from([OF_STATEMENT]), text(name)));
  return Buffer.concat([...(rollBack ? [frame(QUERY, text('rollback'))] : []), ...closes, frame(SYNC)]);
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function frame(type: number, ...body: Buffer[]): Buffer {
  const whole = Buffer.concat([Buffer.alloc(1 + LENGTH_BYTES), ...body]);
  whole[0] = type;
  whole.writeInt32BE(whole.length - 1, 1);
  return whole;
}
