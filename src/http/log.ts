import { type DestinationStream, type Logger, pino } from 'pino';

/** What must never reach the log, however deep a careless object carries it. The rule is not to log them at all. */
const SECRETS = [
  'password',
  'password_hash',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'id_token_hint',
  'client_secret',
  'client_assertion',
  'secret',
  'code',
  'code_verifier',
  'device_code',
  'user_code',
  'otp',
  'authorization',
  'cookie',
  'dpop',
];

/** Error codes (ECONNREFUSED, 23505) are what a log reader needs most; `err.code` is no authorization code. */
const paths = SECRETS.flatMap((name) => (name === 'code' ? [name] : [name, `*.${name}`, `*.*.${name}`]));

/**
 * JSON lines on stdout.
 *
 * @param worker which of several processes that share it
 */
export function createLog(level: string, worker?: number): Logger {
  const options = {
    level,
    base: worker === undefined ? null : { worker },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: [...paths, 'params.code', 'body.code', 'query.code'], censor: '[redacted]' },
    serializers: { err: describe },
  };
  return pino(options, stdout(worker === undefined ? MORE_THAN_A_TURN : ATOMIC_BYTES));
}

/** For lines whose members are all made here: looking for secrets in them would cost as much as a request does. */
export const unsearched = (log: Logger): Logger => log.child({}, { redact: [] });

/** Bytes of one write: more than a turn of the event loop logs. */
const MORE_THAN_A_TURN = 128 * 1024;
/** What a pipe takes in one piece (POSIX, PIPE_BUF on Linux): the lines of several processes must not run into each other. */
const ATOMIC_BYTES = 4_096;
/** Of one error in a chain of them, so that a line stays below. */
const LONGEST_STACK = 1_500;

/** The lines of one turn of the event loop are one write at its end: by themselves they would cost as much as a request. */
function stdout(maxWrite: number): DestinationStream {
  const lines = pino.destination({ fd: 1, sync: true, minLength: maxWrite / 2, maxWrite });
  let scheduled = false;
  // Not `flushSync`: it waits for the disk, and for ever when whoever read our lines has gone.
  const flush = () => {
    scheduled = false;
    lines.flush();
  };
  process.on('exit', flush);
  return {
    write(line: string) {
      lines.write(line);
      if (!scheduled) setImmediate(flush);
      scheduled = true;
    },
    // What pino calls for a fatal line.
    flushSync: flush,
  } as DestinationStream;
}

/** Only what we know to be harmless: a database error's other members quote the row it failed on. */
function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    name,
    message,
    code,
    stack: stack?.slice(0, LONGEST_STACK),
    ...(cause !== undefined && { cause: describe(cause) }),
  };
}
