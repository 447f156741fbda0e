import { type Digests, randomSecret } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import * as queries from './device-queries.ts';

/**
 * Browsers that somebody has signed in with before. Their guesses are counted apart from strangers', so strangers cannot
 * shut out who has been here. A device is nothing more than that: it proves nothing.
 */
export interface Devices {
  /** Its id, if an account's owner has signed in with this cookie in the last year. */
  recognise(accountId: string, cookie: string | undefined): Promise<string | undefined>;
  /** @returns the value of the cookie: the same one, so that the people of one browser do not forget each other */
  remember(accountId: string, cookie: string | undefined): Promise<string>;
}

const PURPOSE = 'device';
const COOKIE = /^[\w-]{43}$/;

export function createDevices({ db, digests }: { db: Database; digests: Digests }): Devices {
  return {
    async recognise(accountId, cookie) {
      if (cookie === undefined || !COOKIE.test(cookie)) return undefined;
      const id = await queries.findDevice(db, accountId, digests.allOf(PURPOSE, cookie));
      return id?.toString('base64url');
    },
    async remember(accountId, cookie) {
      const value = cookie !== undefined && COOKIE.test(cookie) ? cookie : randomSecret();
      await queries.putDevice(db, accountId, digests.of(PURPOSE, value));
      return value;
    },
  };
}
