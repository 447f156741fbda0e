import type { IncomingMessage } from 'node:http';
import { isOpaque } from './opaque.ts';
import { isUnusual } from './unusual.ts';

const SCHEME = 'Bearer ';

/**
 * The opaque token of a GET that says nothing else (RFC 6750 §2.1). Undefined is whatever is not plain: another method or
 * scheme, a second token, a body.
 */
export function bearerOf({ method, headers }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  if (method !== 'GET' || headers['content-length'] !== undefined || isUnusual(headers)) return undefined;
  const value = authorization?.startsWith(SCHEME) ? authorization.slice(SCHEME.length) : undefined;
  return isOpaque(value) ? value : undefined;
}
