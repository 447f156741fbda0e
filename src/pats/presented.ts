/** Personal access tokens that somebody shows: whose they are, what for, and whether they are good for it. */
import type { Apis } from '#src/apis/index.ts';
import type { Audit, From } from '#src/audit/index.ts';
import { type Database, retrying } from '#src/db/index.ts';
import { isOpaquePat, looksLikePat } from '#src/oauth/pat-value.ts';
import { createUsage, type FoundToken, type Tokens } from '#src/tokens/index.ts';
import { endFamily } from './ending-queries.ts';
import { lockOwner } from './issue-queries.ts';
import { cut } from './new-pat.ts';
import type { Authenticated, PatFormat, PatRefusal, Pats, UsablePat } from './pat.ts';
import * as queries from './queries.ts';
import type { Signed } from './signed.ts';
import { toPat } from './stored.ts';
import { writePatUse } from './usage-queries.ts';

interface PresentedDeps {
  readonly db: Database;
  readonly tokens: Pick<Tokens, 'find' | 'references'>;
  readonly apis: Pick<Apis, 'find'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly signed: Signed;
  readonly enabled: boolean;
}

export interface Presented extends Pick<Pats, 'authenticate' | 'noteUse' | 'findValue' | 'close'> {
  /** What the rows of these are found by; none for what is no personal access token of ours. */
  idsOf(value: string): Promise<Buffer[]>;
}

/** What a token is found by: itself, or what its signature covers. */
interface Key {
  readonly value: string;
  readonly format: PatFormat;
}

/** Longer than any that was made: not worth a signature check. */
const LONGEST_VALUE = 16_384;

export function createPresented({ db, tokens, apis, audit, signed, enabled }: PresentedDeps): Presented {
  const usage = createUsage((ids, times, addresses) => writePatUse(db, ids, times, addresses));

  async function keyOf(value: string): Promise<Key | 'malformed' | 'unknown'> {
    if (isOpaquePat(value)) return { value, format: 'opaque' };
    if (value.length > LONGEST_VALUE || !value.includes('.') || !looksLikePat(value)) return 'malformed';
    const jti = await signed.verify(value);
    return jti === undefined ? 'unknown' : { value: jti, format: 'jwt' };
  }

  const rowsOf = ({ value }: Key) => tokens.references.idsOf('token', value).map((id) => Buffer.from(id, 'hex'));

  /** A JWT's row lies under its jti, which is no secret, and an opaque one's under its value: neither opens the other. */
  async function rowOf(key: Key): Promise<queries.PatRow | undefined> {
    const row = await queries.findPat(db, undefined, rowsOf(key), enabled);
    return row?.format === key.format ? row : undefined;
  }

  /** Asked only for what does not live: the reason is in the record, and one of the reasons is a theft. */
  async function whyNot(key: Key, from: From): Promise<PatRefusal> {
    const row = await rowOf(key);
    if (!row) return 'unknown';
    if (row.status === 'replaced' && row.expires_at.getTime() > Date.now()) await reused(row, from);
    return row.status === 'live' ? 'unknown' : row.status;
  }

  async function reused({ token_id, account_id, family }: queries.PatRow, from: From): Promise<void> {
    const isFirst = await retrying(() =>
      db.transaction(async (tx) => {
        await lockOwner(tx, account_id);
        return endFamily(tx, token_id, 'mintmark', from.ip);
      }),
    );
    if (!isFirst) return;
    await audit.record({
      actor: 'anybody',
      action: 'pat.reuse',
      target: `user:${account_id}`,
      outcome: 'failure',
      reason: 'replaced',
      from,
      data: { token_id: token_id.toString('hex'), family: family.toString('hex') },
    });
  }

  async function usable(token: FoundToken): Promise<UsablePat | undefined> {
    const { id, accountId = '', username = '', audience = '', scope = '', format, issuedAt, expiresAt } = token;
    const scopes = cut(scope.split(' '), await apis.find(audience));
    if (scopes.length === 0) return undefined;
    const [createdAt, ends] = [new Date(issuedAt * 1000), new Date(expiresAt * 1000)];
    return { id, accountId, username, scopes, audience, format, createdAt, expiresAt: ends };
  }

  async function authenticate(
    value: string,
    audience: string | undefined,
    from: From,
    { noted = true }: { noted?: boolean } = {},
  ): Promise<Authenticated> {
    const key = await keyOf(value);
    if (typeof key === 'string') return { refused: key };
    const token = enabled ? await tokens.find(key.value) : undefined;
    if (token?.kind !== 'pat' || token.format !== key.format) return { refused: await whyNot(key, from) };
    if (token.expiresAt <= Date.now() / 1000) return { refused: 'expired' };
    if (audience !== undefined && token.audience !== audience) return { refused: 'audience' };
    const pat = await usable(token);
    if (!pat) return { refused: 'suspended' };
    if (noted) noteUse(pat.id, from);
    return { pat };
  }

  function noteUse(id: string, { ip }: From): void {
    usage.note(id, ip);
  }

  return {
    authenticate,
    noteUse,
    async findValue(value) {
      const key = await keyOf(value);
      const row = typeof key === 'string' ? undefined : await rowOf(key);
      return row && toPat(row);
    },
    async idsOf(value) {
      const key = await keyOf(value);
      return typeof key === 'string' ? [] : rowsOf(key);
    },
    close: usage.close,
  };
}
