import type { Digests } from '#src/crypto/index.ts';

const PURPOSE = 'csrf';

/** Tokens that tie a form to what it answers: an interaction's uid, a session's id. Stateless, valid on every instance. */
export interface Csrf {
  issue(binding: string): string;
  /** `value` is whatever the form body held: a repeated or missing field is simply not the token. */
  verify(binding: string, value: unknown): boolean;
}

export function createCsrf(digests: Digests): Csrf {
  return {
    issue: (binding) => digests.of(PURPOSE, binding).toString('base64url'),
    verify: (binding, value) =>
      typeof value === 'string' && digests.matches(PURPOSE, binding, Buffer.from(value, 'base64url')),
  };
}
