import { isRetryable } from '#src/db/index.ts';

/** Ending many may meet somebody who ends some of them in another order: Postgres ends one of both. */
const TRIES = 3;

export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === TRIES || !isRetryable(error)) throw error;
    }
  }
}
