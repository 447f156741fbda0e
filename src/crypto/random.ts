import { randomBytes } from 'node:crypto';

/** 256 bits in base64url (43 characters): a bearer value, safe in headers, forms and Basic credentials as it is. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** 128 bits in base64url (22 characters): names a thing, opens nothing. */
export function randomId(): string {
  return randomBytes(16).toString('base64url');
}
