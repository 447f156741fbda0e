import { STATUS_CODES } from 'node:http';
import type { Fault } from '#src/oauth/problems.ts';

interface Answer {
  readonly detail: string;
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An error that says how it wants to be answered (RFC 9457). Its `cause` is for the log and never leaves the server. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly errors: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, { detail, errors = [], headers = {}, cause }: Answer) {
    super(detail, { cause });
    this.status = status;
    this.title = STATUS_CODES[status] ?? 'Error';
    this.errors = errors;
    this.headers = headers;
  }

  /** With the type `about:blank` the title is the status's own phrase (RFC 9457 §4.2.1). */
  toJSON() {
    const { title, status, message: detail, errors } = this;
    return { type: 'about:blank', title, status, detail, errors };
  }
}

export const malformed = (detail: string, errors: readonly Fault[] = []) => new Problem(400, { detail, errors });

/** No credentials at all get a bare challenge: there is nothing to call invalid (RFC 6750 §3.1). */
export const noToken = () =>
  new Problem(401, { detail: 'an access token is needed', headers: { 'WWW-Authenticate': 'Bearer' } });

export const invalidToken = () =>
  new Problem(401, {
    detail: 'the access token is unknown, expired, revoked or not for this API',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });

export const insufficientScope = (scope: string) =>
  new Problem(403, {
    detail: `insufficient_scope: the access token needs the scope ${scope}`,
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  });

export const notFound = (detail: string) => new Problem(404, { detail });

export const methodNotAllowed = (allowed: readonly string[]) =>
  new Problem(405, { detail: `only ${allowed.join(', ')} can be used here`, headers: { Allow: allowed.join(', ') } });

export const conflict = (detail: string) => new Problem(409, { detail });

export const tooLarge = (limit: number) => new Problem(413, { detail: `the body is larger than ${limit} bytes` });

export const unsupportedMediaType = (detail: string) => new Problem(415, { detail });

export const unprocessable = (detail: string, errors: readonly Fault[]) => new Problem(422, { detail, errors });

export const unavailable = (retryAfterSeconds: number, cause?: unknown) =>
  new Problem(503, {
    detail: 'the server cannot answer right now; try again',
    headers: { 'Retry-After': String(retryAfterSeconds) },
    cause,
  });

export const unexpected = (cause: unknown) =>
  new Problem(500, { detail: 'something went wrong here; the log knows it by the request id', cause });
