import type { From } from '#src/audit/index.ts';
import type { Proof } from '#src/oauth/acr.ts';
import type { Fault } from '#src/oauth/problems.ts';
import type { QueryType } from './demands.ts';

/** Somebody on their way in. Partial until nothing is asked any more. */
export interface SignIn {
  readonly accountId: string;
  readonly state: 'partial' | 'full';
  /** Any one of these is the next answer. */
  readonly queries: readonly QueryType[];
  readonly proofs: readonly Proof[];
  readonly acr: string;
  readonly amr: readonly string[];
  /** Seconds since the epoch; of the oldest proof. */
  readonly authTime: number;
  readonly expiresAt: Date;
  /** The client it is for, and what it asked: of a sign-in at the token endpoint. */
  readonly clientId: string | undefined;
  readonly request: Readonly<Record<string, unknown>>;
  /** Of a finished one: what it was proved with, and when it was finished. Changes since make it worthless. */
  readonly finished?: Finished | undefined;
  /** What is demanded can neither be answered nor enrolled: only an administrator can help. */
  readonly stuck: boolean;
}

export interface Finished {
  readonly passwordVersion: number;
  /** Seconds since the epoch, by the database's clock. */
  readonly at: number;
}

export interface Demands {
  /** The level (`acr`) the request demands on top of the policy. */
  readonly acr?: string | undefined;
  readonly clientId?: string | undefined;
  readonly request?: Readonly<Record<string, unknown>> | undefined;
  /** Only this account may sign in here: it is asked to prove itself again. */
  readonly accountId?: string | undefined;
  /** A first proof that is enough is `finish`ed with that: the answer says so, and nothing was kept on the way. */
  readonly atOnce?: boolean;
}

/** Where a request came from, and the known-device cookie that it carried. */
export interface Visit extends From {
  readonly device?: string | undefined;
}

export type Refused =
  /** Not right, or not to be told apart from it. */
  | { readonly refused: 'mismatch' }
  | { readonly refused: 'malformed' }
  /** Too many guesses; `retryAfter` seconds. */
  | { readonly refused: 'wait'; readonly retryAfter: number }
  /** A rule says no to what was chosen. */
  | { readonly refused: 'invalid'; readonly faults: readonly Fault[] }
  /** Another answer is due. */
  | { readonly refused: 'not_asked' }
  /** There is no such sign-in, any more. */
  | { readonly refused: 'gone' };

export interface Enrolment {
  readonly signIn: SignIn;
  /** Made when there were none; shown this once. */
  readonly recoveryCodes: readonly string[] | undefined;
}

export const isRefused = (answer: object): answer is Refused => 'refused' in answer;
