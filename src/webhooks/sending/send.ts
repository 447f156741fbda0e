import { keptOf } from './answer.ts';
import { post } from './post.ts';
import { createReach, type ReachSettings } from './reach.ts';
import { createResolve, type Resolve } from './resolve.ts';
import { sign } from './sign.ts';
import { hostOf } from './target.ts';

export interface Message {
  readonly url: string;
  /** The same on every try. */
  readonly id: string;
  readonly body: string;
  readonly sharedSecret: string | undefined;
  readonly signingSecrets: readonly string[];
  /** Struck out of what is kept of the answer. */
  readonly secrets: readonly string[];
}

/** Either a `status`, when the answer came in whole or was cut by us, or an `error`, in words for people. */
export interface Attempt {
  readonly at: Date;
  /** Milliseconds. */
  readonly duration: number;
  readonly status: number | undefined;
  readonly error: string | undefined;
  /** At most a kilobyte of text. */
  readonly answer: string | undefined;
  /** Seconds, a day at most. */
  readonly retryAfter: number | undefined;
}

export interface Sender {
  /** Never throws. When `signal` is aborted meanwhile the attempt says so, and says nothing of the target. */
  send(message: Message, signal: AbortSignal): Promise<Attempt>;
  close(): void;
}

export interface SenderDeps extends ReachSettings {
  /** Milliseconds for all of it: the name, the connection, the handshake, the answer to its last byte. */
  readonly timeout?: number;
  readonly resolve?: Resolve;
}

const TIMEOUT_MS = 10_000;
const LONGEST_REST_SECONDS = 86_400;
const LONGEST_ERROR = 200;

export function createSender({ timeout = TIMEOUT_MS, resolve = createResolve(), ...settings }: SenderDeps): Sender {
  const reach = createReach(settings);
  const inFlight = new Set<AbortController>();

  async function deliver(message: Message, at: Date, signal: AbortSignal): Promise<Omit<Attempt, 'at' | 'duration'>> {
    const url = new URL(message.url);
    const host = hostOf(url);
    const addresses = (await resolve(host, signal)).filter((address) => reach.allows(host, address));
    if (addresses.length === 0) throw new Error('refused: the address is inside the network of this server');
    const headers = headersOf(message, at);
    const { status, retryAfter, bytes } = await post({ url, addresses, headers, body: message.body, signal });
    const answer = keptOf(bytes, message.secrets);
    return { status, error: undefined, answer, retryAfter: secondsOf(retryAfter, at) };
  }

  return {
    async send(message, signal) {
      const flight = new AbortController();
      const stop = () => flight.abort(new Error('broken off by this server'));
      const timer = setTimeout(() => {
        flight.abort(new Error(`no complete answer within ${timeout / 1000} seconds`));
      }, timeout);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      inFlight.add(flight);
      const at = new Date();
      const started = performance.now();
      try {
        const outcome = await deliver(message, at, flight.signal).catch((error: unknown) =>
          failure(flight.signal.aborted ? flight.signal.reason : error),
        );
        return { at, duration: Math.round(performance.now() - started), ...outcome };
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        inFlight.delete(flight);
      }
    },

    close() {
      for (const flight of inFlight) flight.abort(new Error('broken off by this server'));
    },
  };
}

function headersOf({ id, body, sharedSecret, signingSecrets }: Message, at: Date): Record<string, string> {
  const timestamp = Math.floor(at.getTime() / 1000);
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'Mintmark-Webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signingSecrets.map((secret) => sign(secret, id, timestamp, body)).join(' '),
    ...(sharedSecret === undefined ? {} : { 'x-mintmark-shared-secret': sharedSecret }),
  };
}

/** RFC 9110 §10.2.3: seconds or a date, which ends in GMT (§5.6.7). */
function secondsOf(retryAfter: string | undefined, now: Date): number | undefined {
  if (!retryAfter || !/^\d+$|GMT$/.test(retryAfter)) return undefined;
  const isDate = retryAfter.endsWith('GMT');
  const seconds = isDate ? Math.ceil((Date.parse(retryAfter) - now.getTime()) / 1000) : Number(retryAfter);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), LONGEST_REST_SECONDS);
}

/** A target chooses some of these words: the names in its certificate, what it answers instead of HTTP. */
function failure(error: unknown): Omit<Attempt, 'at' | 'duration'> {
  // Of several addresses that were tried, the first stands for all.
  const { message, errors: [first] = [] } = error as Error & { errors?: Error[] };
  const words = (first?.message ?? message)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, LONGEST_ERROR)
    .toWellFormed();
  return { status: undefined, error: words, answer: undefined, retryAfter: undefined };
}
