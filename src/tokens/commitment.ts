/** A unit whose request is done: what it changes and what must hold for that, found once and read by all that write it. */
import type { Token } from './records.ts';
import type { Unit } from './unit.ts';

/** Which statement writes a unit. */
export type Shape = 'issue' | 'exchange' | 'any';

export interface Commitment {
  readonly unit: Unit;
  readonly shape: Shape;
  /** The grant that must still live: one that tokens are issued under and that this unit does not itself create. */
  readonly grantId: string | undefined;
  /** The user who must still be enabled when tokens are issued for them. */
  readonly accountId: string | undefined;
  /** The client that must still be enabled when tokens are issued to it under a grant. */
  readonly clientId: string | undefined;
  /** The session that must not have ended meanwhile, because this unit writes it. */
  readonly sessionUid: string | undefined;
  /** The new access token of a rotation: it ends the older ones of its grant for the same API, in the same commit. */
  readonly refreshed: Token | undefined;
  /** Rows this unit changes. Two units of one statement must not share any: it could touch such a row only once. */
  readonly changes: readonly string[];
  /** Rows this unit only relies on. Many may, but none beside one that changes them: one statement sees one moment. */
  readonly reliesOn: readonly string[];
}

/** What had to be true for a unit to be written was not, any more: nothing of it was. */
export class GuardFailed extends Error {
  readonly consumes: string | undefined;
  readonly grantId: string | undefined;

  constructor({ unit, grantId }: Commitment) {
    super('a code, token, grant or proof that this request relied on was used or ended meanwhile');
    this.consumes = unit.consumes?.id;
    this.grantId = grantId;
  }
}

/**
 * @throws {Error} for a unit that contradicts itself: here it fails its own request and not everybody's batch. And for a
 * refresh that does more: what ends a grant must not meet what refreshes it in one statement
 */
export function commitmentOf(unit: Unit): Commitment {
  unit.settle();
  const guards = guardsOf(unit);
  const sessionUid = unit.guardedSession;
  const refreshed = refreshedBy(unit);
  const changes = changesOf(unit);
  const shape = shapeOf(unit, refreshed, changes.length);
  // That grant says from when on its access tokens are good.
  if (refreshed && guards.grantId !== undefined) changes.push(guards.grantId);
  const reliesOn = [guards.grantId, sessionUid].filter((key) => key !== undefined);
  return { unit, shape, ...guards, sessionUid, refreshed, changes, reliesOn };
}

function guardsOf({ tokens, grants }: Unit): Pick<Commitment, 'grantId' | 'accountId' | 'clientId'> {
  let grantId: string | undefined;
  let accountId: string | undefined;
  let clientId: string | undefined;
  for (const token of tokens.values()) {
    const isUnderGrant = token.grantId !== undefined;
    grantId = theOne(grantId, isUnderGrant && !grants.has(token.grantId) ? token.grantId : undefined);
    clientId = theOne(clientId, isUnderGrant ? token.clientId : undefined);
    accountId = theOne(accountId, token.accountId);
  }
  return { grantId, accountId, clientId };
}

function theOne(known: string | undefined, next: string | undefined): string | undefined {
  if (known !== undefined && next !== undefined && known !== next) {
    throw new Error('one request issues under one grant, for one user');
  }
  return known ?? next;
}

function refreshedBy(unit: Unit): Token | undefined {
  if (unit.consumes?.kind !== 'refresh_token') return undefined;
  let refreshed: Token | undefined;
  for (const token of unit.tokens.values()) {
    if (token.kind !== 'access_token' || token.grantId === undefined) continue;
    if (refreshed) throw new Error('one request refreshes one access token');
    refreshed = token;
  }
  return refreshed;
}

function changesOf(unit: Unit): string[] {
  const changes = [...unit.tokens.keys()];
  for (const records of [unit.grants, unit.sessions, unit.interactions]) changes.push(...records.keys());
  for (const ended of [unit.endedTokens, unit.endedGrants, unit.endedInteractions]) changes.push(...ended);
  for (const ended of [unit.rotatedSessions, unit.endedSessions, unit.endedClients]) changes.push(...ended);
  if (unit.consumes) changes.push(unit.consumes.id);
  if (unit.replay) changes.push(unit.replay.id);
  return changes;
}

/** @param changed the number of rows */
function shapeOf(unit: Unit, refreshed: Token | undefined, changed: number): Shape {
  if (onlyIssues(unit, changed)) return 'issue';
  if (onlyExchanges(unit, changed)) return 'exchange';
  if (refreshed || unit.answer) throw new Error('a refresh changes nothing but tokens');
  return 'any';
}

/** New tokens and nothing else, under no grant: client credentials. Most of a busy server's writes have this shape. */
function onlyIssues({ tokens, events }: Unit, changed: number): boolean {
  if (changed !== tokens.size || events.length > 0) return false;
  for (const { grantId, kind } of tokens.values()) {
    if (grantId !== undefined || kind !== 'access_token') return false;
  }
  return true;
}

/** One token is used up and new ones are made under its grant: what codes and refresh tokens are exchanged for. */
function onlyExchanges({ consumes, replay, tokens, seen }: Unit, changed: number): boolean {
  if (consumes === undefined || changed !== tokens.size + (replay ? 2 : 1)) return false;
  for (const { id, grantId, kind } of tokens.values()) {
    if (grantId === undefined || seen.has(id)) return false;
    if (kind !== 'access_token' && kind !== 'refresh_token') return false;
  }
  return true;
}
