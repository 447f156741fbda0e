import { randomId } from '#src/crypto/index.ts';
import * as queries from './api-session-queries.ts';
import type { BeginDeps } from './begin.ts';
import type { Visit } from './sign-in.ts';

/** A full session of the headless sign-in. */
export interface ApiSession {
  /** Names it and opens nothing. */
  readonly uid: string;
  readonly accountId: string;
  readonly acr: string;
  readonly amr: readonly string[];
  /** Seconds since the epoch. */
  readonly authTime: number;
  readonly expiresAt: Date;
}

export interface ApiSessions {
  /** Turns a full sign-in under this token into a session, once: whoever else asks gets undefined. */
  begin(token: string, visit: Visit): Promise<ApiSession | undefined>;
  /** While it lives by its user's policy as it is now. Notes that it is used. */
  find(token: string): Promise<ApiSession | undefined>;
  end(token: string): Promise<boolean>;
}

export function createApiSessions({ db, ids, state, record, policies }: BeginDeps): ApiSessions {
  return {
    async begin(token, visit) {
      const key = { of: 'session_token', value: token } as const;
      const present = await state.find(key);
      if (present?.signIn.state !== 'full') return undefined;
      const { signIn, account } = present;
      const { lifetime } = (await policies.get(account.policyId)).session;
      const { acr, amr, authTime } = signIn;
      const uid = randomId();
      const expiresAt = await queries.turnIntoSession(db, ids.idsOf(key), signIn, {
        id: ids.sessionId(token),
        uid,
        payload: { loginTs: authTime, acr, amr },
        lifetime,
        ip: visit.ip,
        userAgent: visit.userAgent,
      });
      if (!expiresAt) return undefined;
      await record('login', account.id, visit, { data: { acr, amr } });
      return { uid, accountId: account.id, acr, amr, authTime, expiresAt };
    },

    async find(token) {
      const row = await queries.useApiSession(db, ids.sessionIds(token));
      if (!row) return undefined;
      const { acr, amr, loginTs: authTime } = row.payload;
      return { uid: row.uid, accountId: row.account_id, acr, amr, authTime, expiresAt: row.expires_at };
    },

    end: (token) => queries.endApiSession(db, ids.sessionIds(token)),
  };
}
