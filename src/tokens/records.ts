/**
 * What the token store keeps, as the rest of the program sees it. Times are seconds since the epoch, as in the protocol.
 * `id` is the hex under which the row lies (`references.ts`): it names the record and opens nothing.
 */
export type TokenKind =
  | 'access_token'
  | 'refresh_token'
  | 'authorization_code'
  | 'device_code'
  | 'pushed_authorization_request'
  | 'pat';

export type TokenFormat = 'opaque' | 'jwt';

export interface Token {
  readonly id: string;
  readonly kind: TokenKind;
  readonly format: TokenFormat;
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly grantId: string | undefined;
  /** The grant types it came of, as the engine counts them: `authorization_code refresh_token`. */
  readonly grantType: string | undefined;
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  /** Hex id of a device flow's user code. */
  readonly userCode: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly consumedAt: number | undefined;
  readonly status: StatusEntry | undefined;
  readonly remainder: Readonly<Record<string, unknown>>;
}

/** A token as it was looked up, with what is asked next and comes of the same look-up. */
export interface FoundToken extends Token {
  /** What it was issued under, as it was at that moment: it lived, or the token would not have been found. */
  readonly grant?: Grant | undefined;
  /** The username of whose personal access token it is. */
  readonly username?: string | undefined;
}

export interface Grant {
  readonly id: string;
  readonly accountId: string;
  readonly clientId: string;
  /** The session it ends with; undefined when it outlives signing out (offline_access, device flow, password grant). */
  readonly sessionUid: string | undefined;
  /** What was agreed to, in the engine's words: openid scopes and claims, scopes by resource, rejections. */
  readonly consented: Readonly<Record<string, unknown>>;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface Session {
  readonly id: string;
  readonly uid: string;
  readonly accountId: string | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly expiresAt: number;
}

/** A session as it is written, with where the request that writes it came from. */
export type WrittenSession = Session & Origin;

export interface Origin {
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
}

export interface Interaction {
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly expiresAt: number;
}

export interface Replay {
  readonly id: string;
  readonly expiresAt: number;
}

/** What a refresh answered, kept for the client that did not receive it. */
export interface RefreshAnswer {
  readonly successorId: string;
  readonly sealed: Buffer;
  readonly expiresAt: number;
}

/** Something that happened to tokens. Never holds a token value, except sealed. */
export interface TokenEvent {
  /** By which receivers know it; made by the database unless `sealed` is bound to it. */
  readonly uid?: string;
  readonly type: string;
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  /** Hex of what only a notification may tell. */
  readonly sealed?: string;
}

/** Where offline verifiers look whether a JWT still lives (Token Status List). */
export interface StatusEntry {
  readonly list: number;
  readonly index: number;
}

export const idOf = (digest: Buffer): string => digest.toString('hex');
