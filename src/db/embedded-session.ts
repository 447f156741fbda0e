/**
 * Many connections on the one session that the embedded engine has. To each of them it looks like a session of its own,
 * as far as this program needs it to:
 *
 * - What is sent up to a Sync is run in one piece: an unnamed portal is never another connection's.
 * - Who has begun a transaction has the engine to itself until it is over; who goes away in the middle is rolled back.
 * - Prepared statements are known by names that no other connection has, and go with the connection.
 * - A notification goes to all, whoever of them has said LISTEN, and to the others before its cause is answered.
 *
 * Settings, temporary tables and advisory locks of the session are everybody's: use them in a transaction only.
 */
import type { Socket } from 'node:net';
import { endsBatch, farewell, isGoodbye, openingOf, preparedBy, readAnswer, wholeFrame, withPrefix } from './wire.ts';

interface Connection {
  readonly socket: Socket;
  readonly prefix: Buffer;
  /** As the engine knows them. */
  readonly prepared: Set<string>;
  /** What it asked for and the engine has not begun. */
  readonly batches: Buffer[];
  /** Its start has been answered: before that it would not know what to make of a notification. */
  begun: boolean;
  gone: boolean;
}

export interface SharedSession {
  connected(socket: Socket): void;
  /** Ends all connections, and waits until what is under way is over. */
  close(): Promise<void>;
}

const NO_ENCRYPTION = 'N';
/** Nobody may think longer in the middle of a transaction, in which nobody else gets an answer: a process that hangs would. */
const IDLE_IN_TRANSACTION_MS = 15_000;

/**
 * @param run has the engine answer a batch. What it throws is the end of the engine, and not caught
 * @param longestPause milliseconds in the middle of a transaction
 */
export function shareSession(
  run: (batch: Buffer) => Promise<Buffer>,
  longestPause = IDLE_IN_TRANSACTION_MS,
): SharedSession {
  const connections = new Set<Connection>();
  /** One place for each batch. */
  let queue: Connection[] = [];
  let owner: Connection | undefined;
  let patience: NodeJS.Timeout | undefined;
  let working = false;
  let work = Promise.resolve();
  let count = 0;
  let closed = false;

  function next(): Connection | undefined {
    if (!owner) return queue.shift();
    const at = queue.indexOf(owner);
    return at < 0 ? undefined : queue.splice(at, 1)[0];
  }

  async function workOff(): Promise<void> {
    working = true;
    for (let turn = next(); turn; turn = next()) await perform(turn);
    working = false;
  }

  function ask(connection: Connection): void {
    if (closed) return;
    queue.push(connection);
    if (!working) work = workOff();
  }

  async function perform(connection: Connection): Promise<void> {
    const { batches, prepared, socket } = connection;
    const batch = connection.gone ? farewell(prepared, owner === connection) : batches.shift();
    if (!batch) return;
    clearTimeout(patience);
    const answer = await run(batch);
    const { inTransaction, notifications } = readAnswer(answer);
    owner = inTransaction ? connection : undefined;
    if (owner) patience = setTimeout(() => socket.destroy(), longestPause);
    if (notifications.length > 0) tellOthers(connection, Buffer.concat(notifications));
    connection.begun = true;
    if (!connection.gone) socket.write(answer);
  }

  function tellOthers(than: Connection, news: Buffer): void {
    for (const one of connections) if (one !== than && one.begun) one.socket.write(news);
  }

  function ended(connection: Connection): void {
    connection.gone = true;
    connections.delete(connection);
    queue = queue.filter((one) => one !== connection);
    ask(connection);
  }

  return {
    connected(socket) {
      count += 1;
      const prefix = Buffer.from(`${count} `);
      const connection = { socket, prefix, prepared: new Set<string>(), batches: [], begun: false, gone: false };
      connections.add(connection);
      socket.on(
        'data',
        batchesOf(connection, () => ask(connection)),
      );
      socket.on('error', () => {});
      socket.once('close', () => ended(connection));
    },

    async close() {
      closed = true;
      clearTimeout(patience);
      for (const { socket } of connections) socket.destroy();
      await work;
    },
  };
}

/** Cuts what a connection sends into batches. */
function batchesOf({ socket, prefix, prepared, batches }: Connection, ask: () => void): (chunk: Buffer) => void {
  let received: Buffer = Buffer.alloc(0);
  let frames: Buffer[] = [];
  let open = false;

  function submit(batch: Buffer): void {
    batches.push(batch);
    ask();
  }

  function takeOpening(frame: Buffer): void {
    const opening = openingOf(frame);
    if (opening === 'encryption') socket.write(NO_ENCRYPTION);
    else if (opening === 'unknown') socket.destroy();
    else submit(frame);
    open = opening === 'start';
  }

  function take(frame: Buffer): void {
    if (isGoodbye(frame)) {
      socket.end();
      return;
    }
    const renamed = withPrefix(frame, prefix);
    const name = preparedBy(renamed);
    if (name !== undefined) prepared.add(name);
    frames.push(renamed);
    if (!endsBatch(frame)) return;
    submit(Buffer.concat(frames));
    frames = [];
  }

  return (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    for (let end = wholeFrame(received, open); end !== undefined; end = wholeFrame(received, open)) {
      const frame = received.subarray(0, end);
      received = received.subarray(end);
      if (open) take(frame);
      else takeOpening(frame);
    }
  };
}
