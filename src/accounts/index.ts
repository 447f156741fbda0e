/**
 * Users and their passwords: who there is, whether this is their password, how often somebody may guess, and how a lost
 * password is replaced. Owns the tables users, guesses, devices and password_resets. Does not own second factors, nor what
 * a sign-in becomes once its first proof is right, nor the sessions that end when a password changes.
 */
import type { Digests, PasswordHasher } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import type { Mail } from '#src/mail/index.ts';
import type { Policies } from '#src/policies/index.ts';
import type { Account, OwnProfile, Profile } from './account.ts';
import { createAdministration } from './administration.ts';
import type { PasswordVerdict } from './authenticate.ts';
import { createDevices, type Devices } from './devices.ts';
import type { Guesses, Lock } from './guesses.ts';
import { createLookups } from './lookups.ts';
import { createOwnAccount } from './own-account.ts';
import { createResets, type Resets } from './resets.ts';
import type { NewPassword } from './store-password.ts';

export { type Account, accountClaims, type OwnProfile, type Profile } from './account.ts';
export type { PasswordVerdict } from './authenticate.ts';
export type { Devices } from './devices.ts';
export { createGuesses, type Guesses, type Limit, type Lock, type Subject } from './guesses.ts';
export type { Resets } from './resets.ts';
export type { NewPassword } from './store-password.ts';

export interface AccountsDeps {
  readonly db: Database;
  readonly digests: Digests;
  readonly passwords: PasswordHasher;
  readonly policies: Pick<Policies, 'find' | 'get'>;
  readonly guesses: Guesses;
  readonly mail: Pick<Mail, 'enabled' | 'send'>;
  readonly issuer: string;
}

/** Undefined leaves a member as it is. */
export interface Changes {
  readonly profile: (account: Account) => Profile;
  readonly password?: NewPassword | undefined;
  readonly disabled?: boolean | undefined;
  readonly policyId?: string | undefined;
  readonly mustChangePassword?: boolean | undefined;
}

export interface NewAccount extends Profile {
  readonly password: NewPassword;
  readonly disabled: boolean;
  readonly policyId?: string | undefined;
  readonly mustChangePassword?: boolean | undefined;
}

export interface Accounts {
  /** Also a disabled one. Undefined for whatever is not an id. Lookups of one moment share a statement. */
  find(id: string): Promise<Account | undefined>;
  /** Also a disabled one. Undefined for whatever cannot be a username. */
  findByUsername(username: string): Promise<Account | undefined>;
  /** In order of creation, those behind the position `after` ('0' is the start). */
  list(page: { after: string; limit: number }): Promise<{ items: Account[]; next: string | undefined }>;
  /** Those of them whom wrong guesses shut out: not from browsers that are known, and not with a passkey. */
  locksOf(ids: readonly string[]): Promise<ReadonlyMap<string, Lock>>;

  /**
   * Whether this is the user's password. Counts the guess and keeps to the limit by itself. Every refusal takes the same
   * work: whether the user exists, and why the answer is no, is for the audit log alone.
   *
   * @param device value of the known-device cookie
   * @throws {PasswordQueueFull} and then nothing was counted
   */
  authenticate(username: string, password: string, device?: string): Promise<PasswordVerdict>;
  /**
   * For who is signed in and knows the present password. Guesses of it are counted for that session alone: strangers at
   * the sign-in page cannot keep an owner from a new password.
   *
   * @throws {Invalid} for what is wrong with the next one, before the present one is looked at
   * @throws {PasswordQueueFull}
   */
  changePassword(id: string, current: string, next: string, sessionUid: string): Promise<PasswordVerdict>;
  /**
   * For who has proved themselves otherwise.
   *
   * @param seen the password's version when they did: one that was set since is not theirs to replace
   * @throws {Conflict} for such a one @throws {NotFound} @throws {Invalid} @throws {PasswordQueueFull}
   */
  setPassword(id: string, password: string, seen?: number): Promise<Account>;
  /** Undefined leaves a member as it is, null takes it away. @throws {NotFound} @throws {Invalid} */
  updateOwnProfile(id: string, own: OwnProfile): Promise<Account>;
  readonly resets: Resets;
  readonly devices: Devices;

  /** @throws {Conflict} when the username is taken @throws {Invalid} @throws {PasswordQueueFull} */
  create(account: NewAccount): Promise<Account>;
  /** All of it or nothing. @throws {NotFound} @throws {Conflict} @throws {Invalid} @throws {PasswordQueueFull} */
  update(id: string, changes: Changes): Promise<Account>;
  /** @returns whether there was one @throws {Conflict} with what `unless` says of what is left at that moment */
  removePassword(id: string, unless?: (left: { passkeys: number }) => string | undefined): Promise<boolean>;
  /** @throws {NotFound} */
  remove(id: string): Promise<void>;
  /** @param seconds how long; null: until somebody enables it @throws {NotFound} */
  disable(id: string, seconds: number | null): Promise<Account>;
  /** Also lets in again whom wrong guesses shut out. @throws {NotFound} */
  enable(id: string): Promise<Account>;
}

export function createAccounts(deps: AccountsDeps): Accounts {
  const { db, digests, guesses } = deps;
  const devices = createDevices({ db, digests });
  const lookups = createLookups({ db });
  const { findByUsername } = lookups;
  return {
    ...lookups,
    locksOf: guesses.locksOf,
    ...createOwnAccount({ ...deps, devices }),
    devices,
    resets: createResets({ ...deps, findByUsername }),
    ...createAdministration(deps),
  };
}
