import type { Seals } from '#src/crypto/index.ts';
import type { DueRow, TargetRow } from './delivery-queries.ts';
import type { Message } from './sending/send.ts';
import { notificationSeal } from './token-issued.ts';
import { sharedSecretSeal, signingSecretSeal } from './webhook.ts';

/** What an event tells: only what is known, whatever wrote it. */
export function dataOf({
  client_id,
  account_id,
  data,
}: Pick<DueRow, 'client_id' | 'account_id' | 'data'>): Record<string, unknown> {
  const known = Object.entries({ client_id, user_id: account_id, ...data }).filter(([, value]) => value !== null);
  return Object.fromEntries(known);
}

/**
 * What is sent, the same on every try.
 *
 * @throws {Erased} @throws {SealedUnderAnotherKey}
 */
export function messageOf(seals: Pick<Seals, 'open'>, target: TargetRow, delivery: DueRow): Message {
  const open = (sealed: Buffer, context: string) => seals.open(sealed, context).toString();
  const body =
    target.format === 'event' ? eventBody(delivery) : open(sealedOf(delivery), notificationSeal(delivery.uid));
  const sharedSecret = target.shared_secret ? open(target.shared_secret, sharedSecretSeal(target.id)) : undefined;
  const signingSecrets = target.signing.map(({ id, sealed }) =>
    open(Buffer.from(sealed, 'hex'), signingSecretSeal(id)),
  );
  const tokens = target.format === 'event' ? [] : tokensIn(body);
  return {
    url: target.url,
    id: delivery.uid,
    body,
    sharedSecret,
    signingSecrets,
    secrets: [...tokens, ...signingSecrets, ...(sharedSecret === undefined ? [] : [sharedSecret])],
  };
}

/** A notification without its body has nothing to say, and never will. */
export class Erased extends Error {
  constructor() {
    super('what was to be sent has been erased');
  }
}

function sealedOf({ sealed }: DueRow): Buffer {
  if (!sealed) throw new Erased();
  return sealed;
}

function eventBody(delivery: DueRow): string {
  const { uid, type, created_at } = delivery;
  return JSON.stringify({ id: uid, type, time: created_at.toISOString(), data: dataOf(delivery) });
}

/** Of a notification every value is one, but for the word that says which kind it is. */
function tokensIn(notification: string): string[] {
  const { notification_type: _, ...values } = JSON.parse(notification) as Record<string, string>;
  return Object.values(values).filter((value) => value !== '');
}
