/**
 * Is this their password? Every no takes the same statements and the same hashes in the same order, whoever was asked for
 * and whatever was wrong: how long it took must not tell who exists, or is disabled or locked.
 */
import type { Verify } from '#src/crypto/index.ts';
import { type AuthPolicy, DEFAULT_POLICY } from '#src/policies/index.ts';
import { type Account, toAccount } from './account.ts';
import type { Devices } from './devices.ts';
import type { Limit, Subject } from './guesses.ts';
import type { AccountsDeps } from './index.ts';
import { spellingsOf } from './password.ts';
import type { Credentials } from './queries.ts';

export type PasswordVerdict =
  | {
      readonly outcome: 'right';
      readonly account: Account;
      /** Somebody asked for another one, or it breaks the policy's present rules. */
      readonly wantsNewPassword: boolean;
    }
  | {
      readonly outcome: 'refused';
      readonly reason: Reason;
      readonly accountId: string | undefined;
      /** This guess was the one that shut strangers, or this device, out. */
      readonly lockedNow: boolean;
    };

type Reason = 'unknown_user' | 'locked' | 'disabled' | 'forbidden_by_policy' | 'no_password' | 'wrong_password';

export interface Guess {
  readonly find: () => Promise<Credentials | undefined>;
  /** As it was asked for, in its one spelling. */
  readonly name: string;
  readonly password: string;
  /** Of the known device, as the browser sent it. */
  readonly cookie?: string | undefined;
  /** The uid of the living session that asks: its guesses are counted apart. */
  readonly session?: string | undefined;
}

export type Looked =
  | { readonly refused: PasswordVerdict }
  | { readonly refused: undefined; readonly row: Credentials; readonly hash: string; readonly policy: AuthPolicy };

/** What stands where there is no account, so that it is looked for all the same. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Looks at one guess. All of it has a place in the queue: what finds the queue full is not counted. */
export function createLook(deps: AccountsDeps & { devices: Devices }): (guess: Guess) => Promise<Looked> {
  const { passwords, policies, guesses, devices } = deps;

  async function compare(verify: Verify, { find, name, password, cookie, session }: Guess): Promise<Looked> {
    const row = await find();
    const policy = await policies.get(row?.policy_id ?? DEFAULT_POLICY);
    const device = session ?? (await devices.recognise(row?.id ?? NOBODY, cookie));
    const subject: Subject = { proof: 'password', accountId: row?.id, name, device };
    const { blocked, counted } = await guesses.standing(subject);
    const barrier = barrierTo(row, blocked, policy);
    const hash = (!barrier && row?.password_hash) || undefined;
    const fits = await verify(hash, spellingsOf(password));
    if (fits && row && hash !== undefined) {
      if (counted) await guesses.forgive(subject);
      return { refused: undefined, row, hash, policy };
    }
    // Counted when it was wrong and not before: somebody's job that signs in a hundred times at once would lock itself out.
    // The place in the queue is held meanwhile, so no more guesses than it has places are looked at beyond the limit.
    const charged = await guesses.charge(subject, limitOf(policy));
    const lockedNow = row !== undefined && charged.allowed && charged.blockedNow;
    const reason = barrier ?? ('wrong_password' as const);
    return { refused: { outcome: 'refused' as const, reason, accountId: row?.id, lockedNow } };
  }

  return (guess) => passwords.inTurn((verify) => compare(verify, guess));
}

export function right(row: Credentials, wantsNewPassword: boolean): PasswordVerdict {
  return { outcome: 'right', account: toAccount(row), wantsNewPassword };
}

function limitOf({ primary: { updb } }: AuthPolicy): Limit {
  return { kind: 'lockout', maxAttempts: updb.maxAttempts, duration: updb.lockoutDuration };
}

/** What keeps the password from being looked at at all. */
function barrierTo(row: Credentials | undefined, blocked: boolean, policy: AuthPolicy): Reason | undefined {
  if (!row) return 'unknown_user';
  if (blocked) return 'locked';
  if (row.is_disabled) return 'disabled';
  if (!policy.primary.updb.allowed) return 'forbidden_by_policy';
  return row.password_hash === null ? 'no_password' : undefined;
}
