/**
 * Revocation rules: one row takes back every matching token issued before a moment, however many there are, on every
 * instance from its next look-up on. Revoking all of a client or all of a user is such a row too.
 *
 * A rule is written in two steps, because a statement that began before the rule was there cannot have seen it. First it
 * stands for everything up to a little later than now: whatever begins from here on sees it, and nothing it matches can be
 * used for anything. Then it is set to the moment, which is later than the beginning of every statement that did not see
 * it. So what a racing refresh writes is either refused or taken back. Should the server die in between, the next start
 * takes the second step (`settleUnfinished`); until then a few tokens too many are refused, never one too few, and nobody
 * was told that it is done.
 *
 * Client credentials tokens need no more than this. One that is written later was asked for by a client that could as well
 * have asked a moment later.
 */
import { randomId } from '#src/crypto/index.ts';
import { type Database, type Page, Unavailable } from '#src/db/index.ts';
import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import { DEFAULT_LIFETIMES, LONGEST_PAT } from '#src/oauth/lifetimes.ts';
import { Invalid } from '#src/oauth/problems.ts';
import type { ListedKind } from './listing.ts';
import * as queries from './rule-queries.ts';

/** All that are given must hold. */
export interface RuleConditions {
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  /** One scope; tokens that hold others too are matched. */
  readonly scope?: string | undefined;
  /** Codes and refresh tokens that can yield tokens for it are matched too. */
  readonly audience?: string | undefined;
  /** Undefined: codes and refresh tokens as well as access tokens. */
  readonly kind?: ListedKind | undefined;
  /** Undefined: now. */
  readonly issuedBefore?: Date | undefined;
}

export interface RevocationRule extends RuleConditions {
  readonly id: string;
  readonly issuedBefore: Date;
  readonly reason: string;
  /** Who says so. */
  readonly createdBy: string;
  readonly createdAt: Date;
  /** When nothing it can match is left: it goes by itself. */
  readonly expiresAt: Date;
}

export interface RevocationRules {
  /**
   * In force when this returns. `matches`: the tokens that lived until then; undefined when counting them took too long,
   * which takes nothing from the rule.
   *
   * @throws {Invalid} without any condition, or with a moment that is yet to come
   */
  create(
    rule: RuleConditions & { reason: string; by: string },
  ): Promise<{ rule: RevocationRule; matches: number | undefined }>;
  /** Ends what a server that died while writing a rule has left half done. Before the first request. */
  settleUnfinished(): Promise<void>;
  /** What such a rule would match now. @throws {Invalid} @throws {Unavailable} when counting takes too long */
  count(conditions: RuleConditions): Promise<number>;
  find(id: string): Promise<RevocationRule | undefined>;
  /** In order of creation, those behind the position `after` ('0' is the start). */
  list(page: { after: string; limit: number }): Promise<Page<RevocationRule>>;
}

export function createRevocationRules({ db }: { db: Database }): RevocationRules {
  return {
    async create({ reason, by, ...conditions }) {
      check(conditions);
      const values = toValues(conditions);
      const made = await queries.insertRule(db, {
        id: randomId(),
        values,
        reason,
        createdBy: by,
        issuedBefore: conditions.issuedBefore,
        longestUnsaid: mayMatchPats(conditions) ? LONGEST_PAT : DEFAULT_LIFETIMES.refreshToken,
      });
      if (!made) throw yetToCome();
      const row = conditions.issuedBefore ? made : await queries.settleRule(db, made.id);
      const matches = await queries.countMatches(db, row.id, values, row.issued_before).catch(tookTooLong);
      return { rule: toRule(row), matches };
    },

    settleUnfinished: () => queries.settleUnfinished(db),

    async count(conditions) {
      check(conditions);
      if (conditions.issuedBefore && conditions.issuedBefore.getTime() > Date.now()) throw yetToCome();
      return queries.countMatches(db, undefined, toValues(conditions), conditions.issuedBefore);
    },

    async find(id) {
      const row = await queries.findRule(db, id);
      return row && toRule(row);
    },

    async list({ after, limit }) {
      const rows = await queries.listRules(db, after, limit + 1);
      const page = rows.slice(0, limit);
      return { items: page.map(toRule), next: rows.length > limit ? page.at(-1)?.ordinal : undefined };
    },
  };
}

/** It would match every token there is, whoever's: that must not be what is left when a script's variable was empty. */
function check({ accountId, clientId, scope, audience, kind }: RuleConditions): void {
  if ([accountId, clientId, scope, audience, kind].some((condition) => condition !== undefined)) return;
  const message = 'a rule needs at least one of user_id, client_id, scope, audience and kind';
  throw new Invalid([{ path: '', message }]);
}

/** They live longer than most, but what is about a registered client or another kind is not about them. */
const mayMatchPats = ({ clientId = ACCOUNT_CLIENT, kind = 'pat' }: RuleConditions): boolean =>
  clientId === ACCOUNT_CLIENT && kind === 'pat';

const yetToCome = () => new Invalid([{ path: 'issued_before', message: 'must not be in the future' }]);

function tookTooLong(error: unknown): undefined {
  if (!(error instanceof Unavailable)) throw error;
}

function toValues(conditions: RuleConditions): queries.RuleValues {
  return {
    user_id: conditions.accountId ?? null,
    client_id: conditions.clientId ?? null,
    scope: conditions.scope ?? null,
    audience: conditions.audience ?? null,
    kind: conditions.kind ?? null,
  };
}

function toRule(row: queries.RuleRow): RevocationRule {
  return {
    id: row.id,
    accountId: row.user_id ?? undefined,
    clientId: row.client_id ?? undefined,
    scope: row.scope ?? undefined,
    audience: row.audience ?? undefined,
    kind: row.kind ?? undefined,
    issuedBefore: row.issued_before,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
