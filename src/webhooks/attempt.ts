import type { Logger } from 'pino';
import type { Audit } from '#src/audit/index.ts';
import type { Seals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import type { DueRow, TargetRow } from './delivery-queries.ts';
import { eraseSettled, eraseUnwaited } from './erasure-queries.ts';
import { messageOf } from './message.ts';
import { isDelivered, isGone, type Outcome, outcomeOf, unsent } from './outcome.ts';
import type { Attempt, Message, Sender } from './sending/send.ts';
import { pause, settle } from './settle-queries.ts';

export interface AttemptDeps {
  readonly db: Database;
  readonly seals: Pick<Seals, 'open'>;
  readonly sender: Pick<Sender, 'send'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Lets a statement through when it is its turn. */
  inLine<T>(work: () => Promise<T>): Promise<T>;
}

/** What was read of a webhook, and is acted on until it may not be so any more. */
export interface Round {
  readonly target: TargetRow;
  /** Of the webhook in a row. */
  failures: number;
  /** The webhook was changed, rests, or does better or worse than it did: what goes on from here reads it anew. */
  ended: boolean;
  /** It could not be reached, or could not answer. What is left is still due when it has rested. */
  down: boolean;
  readonly signal: AbortSignal;
}

/** From so many failures in a row on, the webhook rests. */
const RESTS_FROM = 3;

/** One attempt at one delivery, and what follows from it. @returns whether the next of its subject may be sent */
export function createAttempt(deps: AttemptDeps): (round: Round, delivery: DueRow) => Promise<boolean> {
  const { db, seals, sender, inLine } = deps;

  return async (round, delivery) => {
    const { target, signal } = round;
    const before = { attempts: delivery.attempts, failures: round.failures };
    const taken = { webhookId: target.id, version: target.version, deliveryId: delivery.id, ...before };

    async function finish(attempt: Attempt, outcome: Outcome): Promise<boolean> {
      if (outcome.down) round.down = true;
      if (outcome.down || isGone(attempt)) round.ended = true;
      const settled = await inLine(() => settle(db, { ...taken, ...attempt, ...outcome }, { from: RESTS_FROM }));
      round.failures = settled.failures;
      if (settled.ended || settled.status === null) round.ended = true;
      const isOver = settled.status === 'delivered' || settled.status === 'dead';
      if (isOver && target.format === 'notification' && !settled.erased)
        await inLine(() => eraseSettled(db, delivery.id));
      if (settled.status === 'dead' && isGone(attempt)) await giveUp(deps, target, 'gone');
      else if (settled.failing_a_day) await giveUp(deps, target, 'failing');
      return settled.status === 'delivered';
    }

    let message: Message;
    try {
      message = messageOf(seals, target, delivery);
    } catch (error) {
      const { attempt, outcome } = unsent(error, before);
      return finish(attempt, outcome);
    }
    const attempt = await sender.send(message, signal);
    // Broken off by us, which is not the target's failure. It may have heard of it all the same, and will again.
    if (signal.aborted && !isDelivered(attempt)) return false;
    // Once it has answered, it can be asked for more at a time.
    if (target.failing && isDelivered(attempt)) round.ended = true;
    return finish(attempt, outcomeOf(attempt, before));
  };
}

async function giveUp(
  { db, audit, log, inLine }: AttemptDeps,
  target: TargetRow,
  reason: 'failing' | 'gone',
): Promise<void> {
  const { origin } = new URL(target.url);
  if (!(await inLine(() => pause(db, target, { reason, origin })))) return;
  log.warn({ webhook: target.id, origin, reason }, 'a webhook was paused');
  await inLine(() =>
    audit.record({
      actor: 'mintmark',
      action: 'webhook.pause',
      target: `webhook:${target.id}`,
      outcome: 'success',
      reason,
      data: { origin },
    }),
  );
  // What this leaves of many, the job takes.
  if (reason === 'gone' && target.format === 'notification') await inLine(() => eraseUnwaited(db));
}
