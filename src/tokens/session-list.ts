/**
 * Where somebody is signed in, and ending that from elsewhere. Ending a session ends what signing out in it would: the
 * grants that are bound to it, and so every token that came of them.
 */
import { type Database, type Page, type PageRequest, pageOf, positionOf } from '#src/db/index.ts';
import { GRANT_POSITION } from './listing.ts';
import * as queries from './session-queries.ts';

export const SESSION_POSITION = GRANT_POSITION;

export interface ListedSession {
  /** The session's uid: names it and opens nothing. */
  readonly id: string;
  /** A browser, or a session token of the headless sign-in. */
  readonly kind: 'browser' | 'api';
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
  /** When the person signed in. */
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
}

export interface SessionList {
  /** Those that live, newest sign-in first, which no use changes. */
  list(accountId: string, page: PageRequest): Promise<Page<ListedSession>>;
  /** @returns whether the account had this one */
  end(accountId: string, id: string): Promise<boolean>;
  /** Also turns back whoever is on their way in. @returns how many there were */
  endAll(accountId: string, options?: { except?: string | undefined }): Promise<number>;
  /** More was proved in it than when it began. */
  raise(id: string, to: { acr: string; amr: readonly string[] }): Promise<void>;
  /** Notes that a browser's session is used, for its idle time-out. */
  touch(id: string): Promise<void>;
}

/**
 * A request that runs beside may just be moving a session to its next cookie: what it inserts is seen by the statement
 * after the one that waited for it.
 */
const PASSES = 2;

export function createSessionList({ db }: { db: Database }): SessionList {
  async function end(accountId: string, only: string | undefined, except: string | undefined): Promise<number> {
    const ended = new Set<string>();
    for (let pass = 0; pass < PASSES; pass += 1) {
      for (const uid of await queries.endSessions(db, accountId, only, except)) ended.add(uid);
    }
    return ended.size;
  }

  return {
    async list(accountId, { after, limit }) {
      const rows = await queries.listSessions(db, accountId, positionOf(after), limit + 1);
      return pageOf(rows, limit, toListed, ({ uid }) => uid);
    },
    end: async (accountId, id) => (await end(accountId, id, undefined)) > 0,
    async endAll(accountId, { except } = {}) {
      await queries.voidSignIns(db, accountId);
      return end(accountId, undefined, except);
    },
    raise: (id, to) => queries.raiseSession(db, id, to),
    touch: (id) => queries.touchSession(db, id),
  };
}

function toListed(row: queries.ListedSessionRow): ListedSession {
  return {
    id: row.uid,
    kind: row.kind,
    ip: row.ip ?? undefined,
    userAgent: row.user_agent ?? undefined,
    createdAt: row.signed_in_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    acr: row.acr ?? undefined,
    amr: row.amr ?? [],
  };
}
