import type { IncomingHttpHeaders } from 'node:http';

/** Headers by which a request asks for more than the narrow path can do. */
const UNUSUAL = [
  'dpop',
  'oauth-client-attestation',
  'oauth-client-attestation-pop',
  'origin',
  'cookie',
  'content-encoding',
  'transfer-encoding',
  'expect',
  'private-token',
];

export const isUnusual = (headers: IncomingHttpHeaders): boolean => UNUSUAL.some((name) => headers[name] !== undefined);
