import { backoff } from './backoff.ts';
import { Erased } from './message.ts';
import type { Attempt } from './sending/send.ts';
import type { Result } from './settle-queries.ts';

/** What follows from an attempt, for the delivery and for its webhook. */
export type Outcome = Pick<Result, 'outcome' | 'failing' | 'down' | 'delay' | 'rest' | 'asked'>;

const DELIVERED: Outcome = { outcome: 'delivered', failing: false, down: false, delay: 0, rest: 0, asked: 0 };

export const isDelivered = ({ status }: Attempt): boolean => status !== undefined && status >= 200 && status < 300;

/** Whoever answers so does not want to hear of it again (RFC 9110 §15.5.11). */
export const isGone = ({ status }: Attempt): boolean => status === 410;

/** @param before how often the delivery, and its webhook in a row, had failed */
export function outcomeOf(attempt: Attempt, before: { attempts: number; failures: number }): Outcome {
  if (isDelivered(attempt)) return DELIVERED;
  const { status, retryAfter: asked = 0 } = attempt;
  return {
    outcome: isGone(attempt) ? 'dead' : 'failed',
    failing: true,
    // Any other refusal may be of this one event; a target that cannot answer does not do better by the next one.
    down: status === undefined || status === 429 || status >= 500,
    delay: Math.max(asked, backoff(before.attempts + 1)),
    rest: backoff(before.failures + 1),
    asked: status === 429 || status === 503 ? asked : 0,
  };
}

/**
 * What could not even be sent, which is nothing that the target did. A secret sealed under a key that is missing may be
 * readable again when the operator has found the key.
 */
export function unsent(error: unknown, before: { attempts: number }): { attempt: Attempt; outcome: Outcome } {
  const outcome = error instanceof Erased ? 'dead' : 'failed';
  const { message } = error as Error;
  return {
    attempt: {
      at: new Date(),
      duration: 0,
      status: undefined,
      error: message,
      answer: undefined,
      retryAfter: undefined,
    },
    outcome: { ...DELIVERED, outcome, delay: backoff(before.attempts + 1) },
  };
}
