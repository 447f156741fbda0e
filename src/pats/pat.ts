/** What people hold to let a program act as them, with less than all they may do. */
import type { From } from '#src/audit/index.ts';

export type PatFormat = 'opaque' | 'jwt';

/**
 * `replaced`: by a successor, and the time both were good is over. Within that time it is live and has `replacedAt`.
 * `suspended`: good for nothing as settings, its owner's policy or its API are now, and good again when they change.
 */
export type PatStatus = 'live' | 'expired' | 'revoked' | 'replaced' | 'suspended';
export const PAT_STATUSES: readonly PatStatus[] = ['live', 'expired', 'revoked', 'replaced', 'suspended'];

export interface NewPat {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly audience: string;
  /** Undefined: the default. */
  readonly expiresInDays: number | undefined;
  readonly format: PatFormat;
}

export interface Pat {
  /** Names the token and opens nothing: it is an HMAC of the value. */
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  /** As they were given; what is left of them is cut when the token is used. */
  readonly scopes: readonly string[];
  readonly audience: string;
  readonly format: PatFormat;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Coarse, and a minute late at most. */
  readonly lastUsedAt: Date | undefined;
  /** Of the last use whose address is known: an API that asks about it says nothing of where it was used. */
  readonly lastUsedIp: string | undefined;
  /** From where it was made. */
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
  readonly status: PatStatus;
  /** The id of the first of the tokens that replaced one another. */
  readonly family: string;
  readonly replacedAt: Date | undefined;
}

/** What a living one lets its bearer do, as things are now. */
export type UsablePat = Pick<Pat, 'id' | 'accountId' | 'scopes' | 'audience' | 'format' | 'createdAt' | 'expiresAt'> & {
  /** Of its owner. */
  readonly username: string;
};

export type PatRefusal = 'malformed' | 'unknown' | 'expired' | 'revoked' | 'audience' | 'replaced' | 'suspended';

export type Authenticated =
  | { readonly pat: UsablePat; readonly refused?: undefined }
  | { readonly refused: PatRefusal; readonly pat?: undefined };

export interface PatLimits {
  readonly enabled: boolean;
  readonly defaultDays: number;
  readonly maxDays: number;
}

export interface PatFilter {
  readonly accountId?: string | undefined;
  readonly audience?: string | undefined;
  readonly scope?: string | undefined;
  readonly status?: PatStatus | undefined;
}

/** `after`: the `next` of the page before, '' at the start (`PAT_POSITION`). */
export interface PatPage {
  readonly after: string;
  readonly limit: number;
}

export interface MadePat {
  readonly pat: Pat;
  /** Its value. It is kept nowhere. */
  readonly token: string;
}

/** Seconds a replaced one may live on beside its successor. */
export const LONGEST_OVERLAP = 86_400;

export interface Pats {
  /** As the server is set. */
  readonly limits: PatLimits;
  /** The same, lowered by the account's policy. @throws {NotFound} */
  limitsFor(accountId: string): Promise<PatLimits>;
  /** @throws {Invalid} @throws {Conflict} when switched off, too many, or their owner is disabled @throws {NotFound} no such user */
  create(accountId: string, wanted: NewPat, from: From): Promise<MadePat>;
  /**
   * A successor with the rights and the lifetime of this one, as far as both may be had now. Of two at once, one wins.
   *
   * @param overlap seconds that this one lives on
   * @throws {NotFound} @throws {Invalid} @throws {Conflict} when it is not live or was replaced
   */
  rotate(accountId: string, id: string, how: { overlap: number }, from: From): Promise<MadePat>;
  /** Newest first: what is made meanwhile moves nothing on the pages behind. */
  list(filter: PatFilter, page: PatPage): Promise<{ items: Pat[]; next: string | undefined }>;
  /** @param accountId undefined: whoever's */
  find(accountId: string | undefined, id: string): Promise<Pat | undefined>;
  /** @returns whether it was good for anything until now */
  revoke(accountId: string | undefined, id: string, by: string): Promise<boolean>;
  /** @returns how many lived until now */
  revokeAll(accountId: string, by: string): Promise<number>;
  /** The one with this value, which lived until now; undefined when there is no such one. */
  revokeValue(value: string, by: string): Promise<Pat | undefined>;
  /** One whose value somebody has shown, which is proof enough. Tells the audit log. */
  revokeShown(id: string, from: From): Promise<void>;
  /**
   * For whoever found them: possession is proof enough. Tells their owners and the audit log.
   *
   * @returns how many lived until now
   */
  report(values: readonly string[], from: From): Promise<number>;
  /**
   * The living one behind a value, its scopes cut to what the API has now; the time and address of its use are noted. Use
   * of a replaced one after its overlap means that two hold what one should: its family ends.
   *
   * @param audience undefined: whatever it is for
   */
  authenticate(
    value: string,
    audience: string | undefined,
    from: From,
    /** `noted`: false where the answer may still be no, for reasons of others (`noteUse`). */
    how?: { noted?: boolean },
  ): Promise<Authenticated>;
  /** Coarsely: one write a minute at most. An address that is not known leaves the one before. */
  noteUse(id: string, from: From): void;
  /** The one with this value, however it stands. Asking is no use of it. */
  findValue(value: string): Promise<Pat | undefined>;
  /** One bounded turn of telling, once each, which are about to expire. */
  warnExpiring(): Promise<{ more: boolean }>;
  /** Writes what is noted of the use of tokens. */
  close(): Promise<void>;
}

/** From where a token is used that somebody asks about: whoever asks holds it already, and may do it from anywhere else. */
export const NOWHERE = { ip: undefined, userAgent: undefined };
