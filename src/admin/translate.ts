import { PasswordQueueFull } from '#src/crypto/index.ts';
import { Unavailable } from '#src/db/index.ts';
import { conflict, notFound, type Problem, unavailable, unprocessable } from '#src/http/index.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';

const RETRY_AFTER_SECONDS = 1;

/** What capabilities throw, as the API answers it. */
export function translate(error: unknown): Problem | undefined {
  if (error instanceof NotFound) return notFound(error.message);
  if (error instanceof Conflict) return conflict(error.message);
  if (error instanceof Invalid) return unprocessable('a rule says no', error.faults);
  if (error instanceof Unavailable || error instanceof PasswordQueueFull)
    return unavailable(RETRY_AFTER_SECONDS, error);
  return undefined;
}
