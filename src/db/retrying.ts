import { isRetryable } from './errors.ts';

const TRIES = 3;

/**
 * For statements on many rows: one may meet another that takes the same rows in another order, and Postgres ends one of both.
 *
 * @param work is run again as a whole, at most three times; one statement or one transaction
 */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === TRIES || !isRetryable(error)) throw error;
    }
  }
}
