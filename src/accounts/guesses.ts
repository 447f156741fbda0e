import { createHash } from 'node:crypto';
import type { Digests } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import * as queries from './guess-queries.ts';

/** What is guarded against guessing: a proof of one account, for one device or for everybody else. */
export interface Subject {
  readonly proof: 'password' | 'second_factor';
  /** Undefined: nobody has this name. It is counted all the same, or counting would tell who exists. */
  readonly accountId: string | undefined;
  /** What was typed as a name, in its one spelling. Only looked at without an account. */
  readonly name: string;
  /**
   * What `devices.recognise` found, or the uid of a living session; never a cookie as it came: whoever could choose it had
   * as many counters as they like.
   */
  readonly device: string | undefined;
}

export type Limit =
  /** The last of `maxAttempts` (0: no limit) blocks for `duration` seconds (0: until an administrator), then it starts anew. */
  | { readonly kind: 'lockout'; readonly maxAttempts: number; readonly duration: number }
  /** `free` guesses without delay, then 1, 2, 4 … seconds between two, up to `longest`. It is never a lockout. */
  | { readonly kind: 'growing_delay'; readonly free: number; readonly longest: number };

export type Charged =
  | { readonly allowed: true /** This guess was the one that blocks, if it is wrong. */; readonly blockedNow: boolean }
  | {
      readonly allowed: false /** Seconds; undefined: until an administrator. */;
      readonly retryAfter: number | undefined;
    };

/** Until when somebody is shut out. */
export type Lock = Date | 'until_enabled';

/** How often somebody may guess: counted in the database, for all instances, whatever address it comes from. */
export interface Guesses {
  /** Whether a guess would be looked at, and whether any was counted so far. */
  standing(subject: Subject): Promise<{ blocked: boolean; counted: boolean }>;
  /**
   * Counts a guess. Before it is looked at, a hundred at once get no more looks than the limit; after, only wrong ones are
   * counted, and as many more may be looked at as are under way at once.
   */
  charge(subject: Subject, limit: Limit): Promise<Charged>;
  /** It was right: what was counted of this subject is forgotten, and of no other. */
  forgive(subject: Subject): Promise<void>;
  /** Those of these accounts whose password strangers may not guess at now. */
  locksOf(accountIds: readonly string[]): Promise<ReadonlyMap<string, Lock>>;
}

export function createGuesses({ db, digests }: { db: Database; digests: Digests }): Guesses {
  /**
   * Of a name that nobody has only a keyed digest is kept: people type passwords where the name belongs. An account's is
   * not keyed, so that a lock outlives the secret key.
   */
  function digestOf({ proof, accountId, name, device }: Subject): Buffer {
    const ofName = digests.of('guess', `${proof} ${name}`);
    if (accountId === undefined) return ofName;
    return createHash('sha256')
      .update(`${proof} ${accountId} ${device ?? ''}`)
      .digest();
  }
  const strangersOf = (accountId: string) => digestOf({ proof: 'password', accountId, name: '', device: undefined });

  return {
    async standing(subject) {
      const row = await queries.findStanding(db, digestOf(subject));
      return { blocked: row?.blocked ?? false, counted: row !== undefined };
    },
    async charge(subject, limit) {
      const { accountId = null, proof } = subject;
      const row = await queries.charge(db, { subject: digestOf(subject), accountId, proof, ...toSteps(limit) });
      if (row?.allowed) return { allowed: true, blockedNow: row.blocked_now };
      // Counted and blocked by others between this statement's start and its turn: it saw no row, or one from before.
      return { allowed: false, retryAfter: row?.until_enabled ? undefined : (row?.retry_after ?? longestOf(limit)) };
    },
    forgive: (subject) => queries.forget(db, digestOf(subject)),
    async locksOf(accountIds) {
      const locks = await queries.findLocks(db, accountIds.map(strangersOf));
      return new Map(locks.map((row) => [row.account_id, row.blocked_until ?? 'until_enabled']));
    },
  };
}

/** Both kinds as one: blocks from the `from`th failure on, for `first` seconds, then twice as long each time up to `longest`. */
function toSteps(limit: Limit): Pick<queries.Charge, 'from' | 'first' | 'longest' | 'startsAnew'> {
  if (limit.kind === 'growing_delay') return { from: limit.free, first: 1, longest: limit.longest, startsAnew: false };
  const duration = limit.duration || null;
  return { from: limit.maxAttempts || null, first: duration, longest: duration, startsAnew: true };
}

function longestOf(limit: Limit): number | undefined {
  return (limit.kind === 'lockout' ? limit.duration : limit.longest) || undefined;
}
