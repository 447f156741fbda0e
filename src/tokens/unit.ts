import type {
  FoundToken,
  Grant,
  Interaction,
  Origin,
  RefreshAnswer,
  Replay,
  Session,
  Token,
  TokenEvent,
  TokenKind,
  WrittenSession,
} from './records.ts';

/**
 * Everything one request changes about tokens. Guards are conditions of the commit: the token it consumes is not yet
 * consumed, the grant and the user it issues for still live, the proof it was authorized by was not seen before.
 */
export class Unit {
  readonly tokens = new Map<string, Token>();
  readonly grants = new Map<string, Grant>();
  readonly sessions = new Map<string, WrittenSession>();
  readonly interactions = new Map<string, Interaction>();
  /** Those that were found: another request may end one meanwhile, and writing it would begin it again. */
  readonly foundInteractions = new Set<string>();
  readonly endedTokens = new Set<string>();
  readonly endedGrants = new Set<string>();
  readonly endedInteractions = new Set<string>();
  /** Cookie digests that stop working because the session goes on under another one. */
  readonly rotatedSessions = new Set<string>();
  /** Sessions that end: every cookie of the uid with them. */
  readonly endedSessions = new Set<string>();
  /** Clients a person signed out of while staying signed in here: session uid and client id, by a blank. */
  readonly endedClients = new Set<string>();
  /** Where the request came from: what a person sees in the list of their sessions. */
  from: Origin = { ip: undefined, userAgent: undefined };
  consumes: { readonly id: string; readonly kind: TokenKind } | undefined;
  /** What the consumed refresh token is exchanged for, should the client have to ask again. */
  answer: RefreshAnswer | undefined;
  replay: Replay | undefined;
  readonly events: TokenEvent[] = [];
  readonly #uidOfSession = new Map<string, string>();
  readonly #foundSessions = new Set<string>();
  readonly #sessionOfGrant = new Map<string, string>();

  /** @throws {Error} for a second one: no protocol request consumes two, and a guard that is dropped is a hole */
  consume(id: string, kind: TokenKind): void {
    if (this.consumes && this.consumes.id !== id) throw new Error('one request may consume one token');
    this.consumes = { id, kind };
  }

  noteReplay(replay: Replay): void {
    if (this.replay !== undefined && this.replay.id !== replay.id) throw new Error('one request may carry one proof');
    this.replay = replay;
  }

  /** A grant that is put in this unit ends when the session does. */
  bindGrant(grantId: string, sessionUid: string): void {
    this.#sessionOfGrant.set(grantId, sessionUid);
  }

  endToken(id: string): void {
    this.tokens.delete(id);
    this.endedTokens.add(id);
  }

  noteSession(session: Session): void {
    this.#uidOfSession.set(session.id, session.uid);
    this.#foundSessions.add(session.uid);
  }

  /**
   * The session that goes on with this unit and must not have ended meanwhile: writing it would sign the person in again
   * who has just signed out in another tab. Its cookie may have changed, so it is known by its uid.
   */
  get guardedSession(): string | undefined {
    return [...this.sessions.values()].map(({ uid }) => uid).find((uid) => this.#foundSessions.has(uid));
  }

  /** Takes back what a refused refresh had begun: nobody received the successor, so the token is not used up. */
  discardIssuing(): void {
    this.consumes = undefined;
    this.tokens.clear();
  }

  putSession(session: Session): void {
    this.sessions.set(session.id, { ...session, ...this.from });
    this.#uidOfSession.set(session.id, session.uid);
  }

  /** The engine "destroys" a cookie both when it replaces it and when the person signs out; `settle` tells which. */
  endSession(id: string): void {
    this.sessions.delete(id);
    this.rotatedSessions.add(id);
  }

  /** The person stays signed in here and ends what this client got in the session. */
  endClient(sessionUid: string, clientId: string): void {
    this.endedClients.add(`${sessionUid} ${clientId}`);
  }

  /** Called once, before the commit. */
  settle(): void {
    for (const [grantId, sessionUid] of this.#sessionOfGrant) {
      const grant = this.grants.get(grantId);
      if (grant) this.grants.set(grantId, { ...grant, sessionUid });
    }
    const goingOn = new Set([...this.sessions.values()].map(({ uid }) => uid));
    for (const id of this.rotatedSessions) {
      const uid = this.#uidOfSession.get(id);
      if (uid === undefined || goingOn.has(uid)) continue;
      this.rotatedSessions.delete(id);
      this.endedSessions.add(uid);
    }
  }

  /** Tokens as this request first saw them: all its checks speak of one moment, and the guards of the next. */
  readonly seen = new Map<string, FoundToken>();

  /** A grant that came with a token this request found. */
  seenGrant(id: string): Grant | undefined {
    for (const { grant } of this.seen.values()) if (grant?.id === id) return grant;
    return undefined;
  }

  /** A token of this account was found: at that moment the account was there and let in, as the look-up asks. */
  sawTokenOf(accountId: string): boolean {
    for (const token of this.seen.values()) if (token.accountId === accountId) return true;
    return false;
  }

  /** Records found under an older secret key: the id they would be written under now → the id they lie under. */
  readonly foundAs = new Map<string, string>();
}
