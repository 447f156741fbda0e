/**
 * Handing an authorization request over to a login application of the operator's own, and taking its answer back. Owns the
 * table handovers.
 *
 * Two values that nobody else learns hold it together. The ticket says which request is answered, and goes to the login
 * application. The verifier says that this browser comes from there, and is worth nothing without the cookie of the browser
 * that started: so neither a stranger's answer can be slipped under somebody's sign-in, nor theirs be carried away.
 */
import { type Digests, randomSecret, SealedUnderAnotherKey, type Seals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import * as queries from './handover-queries.ts';
import type { Finished } from './sign-in.ts';

/** What the login application found out. The protocol engine makes of it what it would of an answer at our own pages. */
export type HandoverAnswer =
  | { readonly login: { accountId: string; acr: string; amr: readonly string[]; authTime: number; finished: Finished } }
  /** `scopes`: all that was asked, unless it says fewer. */
  | { readonly consent: { accountId: string; scopes?: readonly string[] | undefined } }
  | { readonly error: string; readonly description?: string | undefined };

export interface Handover {
  /** The interaction's: the way back. */
  readonly uid: string;
  readonly answered: boolean;
  readonly expiresAt: Date;
}

export interface Handovers {
  /** @returns the ticket */
  begin(uid: string, expiresAt: Date): Promise<string>;
  find(ticket: string): Promise<Handover | undefined>;
  /** @returns the verifier; undefined when somebody answered before, or it is over */
  answer(ticket: string, answer: HandoverAnswer): Promise<string | undefined>;
  /** Once. */
  take(uid: string, verifier: string): Promise<HandoverAnswer | undefined>;
}

const PURPOSES = { ticket: 'handover ticket', interaction: 'handover of interaction', verifier: 'handover verifier' };

const contextOf = (interaction: Buffer) => `handover ${interaction.toString('hex')}`;

export function createHandovers({ db, digests, seals }: { db: Database; digests: Digests; seals: Seals }): Handovers {
  const idsOf = (ticket: string) => digests.allOf(PURPOSES.ticket, ticket);

  return {
    async begin(uid, expiresAt) {
      const ticket = randomSecret();
      const interaction = digests.of(PURPOSES.interaction, uid);
      const sealed = seals.seal(Buffer.from(uid), contextOf(interaction));
      await queries.putHandover(db, { id: digests.of(PURPOSES.ticket, ticket), interaction, uid: sealed, expiresAt });
      return ticket;
    },

    async find(ticket) {
      const row = await queries.findHandover(db, idsOf(ticket));
      const uid = row && opened(seals, row);
      return row && uid ? { uid, answered: row.answered, expiresAt: row.expires_at } : undefined;
    },

    async answer(ticket, answer) {
      const verifier = randomSecret();
      const first = await queries.answerHandover(db, idsOf(ticket), answer, digests.of(PURPOSES.verifier, verifier));
      return first ? verifier : undefined;
    },

    take: (uid, verifier) =>
      queries.takeAnswer<HandoverAnswer>(
        db,
        digests.allOf(PURPOSES.interaction, uid),
        digests.allOf(PURPOSES.verifier, verifier),
      ),
  };
}

/** Undefined once its key has been given up: half an hour later it would have been over anyway. */
function opened(seals: Seals, { uid, interaction }: queries.HandoverRow): string | undefined {
  try {
    return seals.open(uid, contextOf(interaction)).toString();
  } catch (error) {
    if (error instanceof SealedUnderAnotherKey) return undefined;
    throw error;
  }
}
