/** The database cannot be reached or is going away. The edge answers 503 with Retry-After; the next try may succeed. */
export class Unavailable extends Error {
  constructor(cause: unknown) {
    super('the database cannot be reached', { cause });
  }
}

/** SQLSTATE classes and codes that say "not now" rather than "not like this" (Postgres documentation, appendix A). */
const CONNECTION_EXCEPTION = /^08/;
const SERVER_GOING_AWAY = new Set(['57P01', '57P02', '57P03', '53300', '25006', '57014']);
const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'ENOENT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  'ECONNABORTED',
]);
/** What `pg` says of lost connections in words only: it gives these errors no code. */
const LOST_CONNECTION =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end)/;

export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string') {
    return CONNECTION_EXCEPTION.test(code) || SERVER_GOING_AWAY.has(code) || SOCKET_ERRORS.has(code);
  }
  return typeof message === 'string' && LOST_CONNECTION.test(message);
}

/** A plan that a migration made useless, and a prepared statement that the connection does not have, or has already. */
const STALE = new Set(['0A000', '26000', '42P05']);

/** What is prepared on this connection does not fit any more: it is to be given up. */
export function isStale(error: unknown): boolean {
  return STALE.has(String((error as { code?: unknown }).code));
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** What the database says of a statement alone leaves the connection as it was; after all else it is to be given up. */
export function spoilsConnection(error: unknown): boolean {
  return !SQLSTATE.test(String((error as { code?: unknown }).code)) || isStale(error) || isUnavailable(error);
}

/** Did this statement fail because `constraint` already holds such a row? */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = error as { code?: unknown; constraint?: unknown };
  return code === '23505' && violated === constraint;
}

/** Did this statement fail because `constraint` needs a row that is not there, or still needs the one it removes? */
export function isForeignKeyViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = error as { code?: unknown; constraint?: unknown };
  return code === '23503' && violated === constraint;
}

/** Two transactions waited for each other and Postgres ended this one: nothing was written, trying again is safe. */
export function isRetryable(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '40P01' || code === '40001';
}
