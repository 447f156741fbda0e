/**
 * The token store: everything a browser, app or machine can present to this server, and the grants it came of.
 *
 * Owns the tables tokens, grants, sessions, interactions and replays, and the rule by which they change: everything one
 * request changes is a `Unit` of work, committed once, before the answer leaves, together with the units of concurrent
 * requests (`commit.ts`). Does not decide who gets what: that is the protocol engine's and `provider/`'s business.
 */
import type { Digests } from '#src/crypto/index.ts';
import { batched, type Database } from '#src/db/index.ts';
import { createCommitter } from './commit.ts';
import * as queries from './queries.ts';
import type { FoundToken, Grant, Interaction, Session, Token } from './records.ts';
import { createReferences, type Purpose, type References } from './references.ts';
import { timeOrderedSince } from './references-queries.ts';
import type { Unit } from './unit.ts';
import { createUnits, type Units } from './units.ts';
import { createUsage } from './usage.ts';
import { writeTokenUse } from './usage-queries.ts';

export { GuardFailed } from './commitment.ts';
export { INACTIVE, inactive } from './inactive.ts';
export { completeJwt, JWT_ACCESS_TOKEN_TYPE, signingInput, statusOf, type UnsignedJwt } from './jwt-claims.ts';
export {
  createTokenList,
  GRANT_POSITION,
  LISTED_KINDS,
  type ListedGrant,
  type ListedKind,
  type ListedToken,
  TOKEN_POSITION,
  type TokenFilter,
  type TokenList,
  type TokenStatus,
} from './listing.ts';
export { presentedJwts } from './presented-jwts.ts';
export type {
  FoundToken,
  Grant,
  Interaction,
  Session,
  StatusEntry,
  Token,
  TokenEvent,
  TokenFormat,
  TokenKind,
} from './records.ts';
export type { References } from './references.ts';
export { openAnswer, type RefreshRequest, rememberAnswer } from './refresh-answers.ts';
export { createRetention, type Retention } from './retention.ts';
export { createRevocation, type Revocation } from './revocation.ts';
export { statusRoutes } from './routes.ts';
export { createRevocationRules, type RevocationRule, type RevocationRules, type RuleConditions } from './rules.ts';
export { createSessionList, type ListedSession, SESSION_POSITION, type SessionList } from './session-list.ts';
export { createStatusLists, type StatusList, type StatusLists } from './status-lists.ts';
export { isSuspended } from './suspended.ts';
export type { Unit } from './unit.ts';
export { createUsage, type Usage } from './usage.ts';

export interface Bearer {
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly scopes: ReadonlySet<string>;
}

export interface Tokens {
  readonly units: Units;
  readonly references: References;
  /**
   * The token with this value or reference, while its client, its user and its grant live. Expired and consumed ones are
   * found too: the protocol tells "expired" and "already used" apart from "unknown".
   *
   * @param how.noted whether that is a use of it, outside of a unit of work: a unit tells by what it does with the token
   */
  find(value: string, how?: { readonly noted: boolean }): Promise<FoundToken | undefined>;
  /** Writes a token that is given to a machine, under no grant, with those of other requests of this moment. */
  issue(token: Token): Promise<void>;
  /** The id that a record with this value has, or will have when it is written. */
  idFor(purpose: Purpose, value: string): string;
  findByUserCode(userCode: string): Promise<Token | undefined>;
  findGrant(id: string): Promise<Grant | undefined>;
  /**
   * What the account has consented to before, newest first: its grants to the client that live, or that ended only because
   * the person signed out. One that was revoked is consent withdrawn.
   */
  grantsBetween(accountId: string, clientId: string): Promise<Grant[]>;
  findSession(cookie: string): Promise<Session | undefined>;
  findSessionByUid(uid: string): Promise<Session | undefined>;
  findInteraction(uid: string): Promise<Interaction | undefined>;
  /** The sealed answer that this consumed refresh token was exchanged for, while it may be repeated. */
  findAnswer(tokenId: string): Promise<Buffer | undefined>;
  isReplay(value: string): Promise<boolean>;
  /** Who holds this opaque access token for `audience`; undefined when it is not good for it, whatever the reason. */
  authenticate(value: string, audience: string): Promise<Bearer | undefined>;
  /** Writes what is noted of the use of tokens. */
  close(): Promise<void>;
}

interface TokensDeps {
  readonly db: Database;
  readonly digests: Digests;
  /** Personal access tokens are switched on; else none is found. */
  readonly acceptPats?: boolean;
}

/** @throws {Unavailable} */
export async function createTokens({ db, digests, acceptPats = true }: TokensDeps): Promise<Tokens> {
  const slots = { slots: db.batches };
  const tokenById = batched((ids: string[]) => queries.findTokens(db, ids, acceptPats), slots);
  const grantById = batched((ids: string[]) => queries.findGrants(db, ids), slots);
  const sessionById = batched((ids: string[]) => queries.findSessions(db, ids), slots);
  const sessionByUid = batched((uids: string[]) => queries.findSessionsByUid(db, uids), slots);
  const interactionById = batched((ids: string[]) => queries.findInteractions(db, ids), slots);
  const issued = batched((made: Token[]) => queries.issueTokens(db, made).then(() => new Map()), slots);
  const commit = createCommitter(db);
  const units = createUnits(commit, noteUses);
  const references = createReferences(digests, await timeOrderedSince(db));
  const usage = createUsage((ids, times) => writeTokenUse(db, ids, times));

  /** Looks under the newest secret key first and under the older ones only when that finds nothing. */
  async function lookUp<Found extends { id: string }>(
    purpose: Purpose,
    value: string,
    find: (id: string) => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const [newest = '', ...older] = references.idsOf(purpose, value);
    for (const id of [newest, ...older]) {
      const found = await find(id);
      if (found && found.id !== newest) units.current?.foundAs.set(newest, found.id);
      if (found) return found;
    }
    return undefined;
  }

  const find: Tokens['find'] = (value, { noted } = { noted: true }) =>
    lookUp<FoundToken>('token', value, async (id) => {
      const unit = units.current;
      const known = unit?.tokens.get(id) ?? unit?.seen.get(id);
      if (known) return known;
      const token = await tokenById(id);
      if (token && unit) unit.seen.set(id, token);
      else if (token && noted && isUse(token)) usage.note(token.id);
      return token;
    });

  /** A token that is used up says so where it does, in the same statement; and to end one is no use of it. */
  function noteUses({ seen, consumes, endedTokens }: Unit): void {
    for (const token of seen.values()) {
      if (token.id !== consumes?.id && !endedTokens.has(token.id) && isUse(token)) usage.note(token.id);
    }
  }

  return {
    units,
    references,
    find,
    async issue(token) {
      await issued(token);
    },
    idFor(purpose, value) {
      const id = references.idOf(purpose, value);
      return units.current?.foundAs.get(id) ?? id;
    },
    async findByUserCode(userCode) {
      for (const id of references.idsOf('user_code', userCode)) {
        const found = await queries.findByUserCode(db, id);
        if (found) return found;
      }
      return undefined;
    },
    findGrant: async (id) => units.current?.grants.get(id) ?? units.current?.seenGrant(id) ?? grantById(id),
    grantsBetween: (accountId, clientId) => queries.grantsBetween(db, accountId, clientId),
    async findSession(cookie) {
      const session = await lookUp('session', cookie, sessionById);
      if (session) units.current?.noteSession(session);
      return session;
    },
    findSessionByUid: sessionByUid,
    async findInteraction(uid) {
      const unit = units.current;
      const find = async (id: string) => unit?.interactions.get(id) ?? (await interactionById(id));
      const interaction = await lookUp('interaction', uid, find);
      if (interaction) unit?.foundInteractions.add(interaction.id);
      return interaction;
    },
    findAnswer: (tokenId) => queries.findAnswer(db, tokenId),
    isReplay: (value) => queries.isReplay(db, references.idsOf('replay', value)),

    async authenticate(value, audience) {
      const token = await find(value);
      if (token?.kind !== 'access_token' || token.format !== 'opaque' || references.isReference(value))
        return undefined;
      if (token.audience !== audience || token.expiresAt <= Date.now() / 1000) return undefined;
      // A token bound to a key must not work as a mere bearer token (RFC 9449 §7.1, RFC 8705 §3).
      if (token.remainder.jkt !== undefined || token.remainder['x5t#S256'] !== undefined) return undefined;
      return {
        clientId: token.clientId,
        accountId: token.accountId,
        scopes: new Set(token.scope?.split(' ')),
      };
    },
    close: usage.close,
  };
}

/**
 * Showing a token that is used up or over is no use of it. Whether a personal access token was used is for those to say who
 * know what it was shown for (pats).
 */
const isUse = ({ kind, consumedAt, expiresAt }: Token) =>
  kind !== 'pat' && consumedAt === undefined && expiresAt > Date.now() / 1000;
