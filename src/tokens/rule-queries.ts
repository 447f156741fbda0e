/** Revocation rules. What they do is said once, by the view token_states; here they are written and their work is counted. */
import type { Db } from '#src/db/index.ts';
import type { ListedKind } from './listing-queries.ts';
import { isMatched } from './rule-match.ts';

export interface RuleValues {
  user_id: string | null;
  client_id: string | null;
  scope: string | null;
  audience: string | null;
  kind: ListedKind | null;
}

export interface RuleRow extends RuleValues {
  id: string;
  ordinal: string;
  issued_before: Date;
  reason: string;
  created_by: string;
  created_at: Date;
  expires_at: Date;
}

const RULE = `
  id, ordinal, user_id, client_id, scope, audience, kind, issued_before, reason, created_by, created_at, expires_at`;

/**
 * Until the last token it can match has expired: the longest-lived there is, or one that is being written at this moment
 * and lives as long as any client's may. Both are index look-ups or small tables: writing a rule does not depend on how much
 * it matches. `$7` is what no row says: the default lifetime of a refresh token, or the longest of a personal access token.
 */
const EXPIRES_AT = `
  greatest((select max(expires_at) from tokens),
           now() + make_interval(secs => greatest($7, (select max(refresh_token_ttl) from clients),
                                                  (select max(access_token_ttl) from clients),
                                                  (select max(access_token_ttl) from apis))))`;

export interface NewRule {
  readonly id: string;
  readonly values: RuleValues;
  readonly reason: string;
  readonly createdBy: string;
  readonly longestUnsaid: number;
  /** Undefined: this moment, and the longest a statement may take until `settleRule` says which moment it was. */
  readonly issuedBefore: Date | undefined;
}

/** Undefined, and nothing written, when `issuedBefore` is in the future by the database's clock. */
export async function insertRule(db: Db, rule: NewRule): Promise<RuleRow | undefined> {
  const { values } = rule;
  const { rows } = await db.query<RuleRow>(
    `with made as (
       insert into revocation_rules (id, user_id, client_id, scope, audience, kind, issued_before, reason, created_by,
                                     expires_at)
       select $1, $2::uuid, $3::text, $4::text, $5::text, $6::text,
              coalesce($8::timestamptz, now() + interval '15 seconds'), $9, $10, ${EXPIRES_AT}
        where $8::timestamptz is null or $8::timestamptz <= now()
       returning ${RULE}
     ), event as (
       insert into events (type, client_id, account_id, data)
       select 'revocation_rule.created', client_id, user_id,
              jsonb_build_object('rule_id', id, 'scope', scope, 'audience', audience, 'kind', kind,
                                 'reason', reason, 'by', created_by)
         from made
     )
     select ${RULE} from made`,
    [rule.id, ...parties(values), rule.longestUnsaid, rule.issuedBefore, rule.reason, rule.createdBy],
  );
  return rows[0];
}

/** No rule may be about the future: one that is was never settled. Whoever is just writing one settles it once more. */
export async function settleUnfinished(db: Db): Promise<void> {
  await db.query(
    `update revocation_rules
        set issued_before = now() + interval '1 millisecond'
      where issued_before > now() + interval '1 millisecond'`,
  );
}

/** The millisecond is the grain of the embedded engine's clock. */
export async function settleRule(db: Db, id: string): Promise<RuleRow> {
  const { rows } = await db.query<RuleRow>(
    `update revocation_rules
        set issued_before = now() + interval '1 millisecond'
      where id = $1
      returning ${RULE}`,
    [id],
  );
  return rows[0] as RuleRow;
}

const MATCHES = isMatched('t');

/** Usable tokens that such a rule takes back and no rule but the one with this id has taken back already. */
export async function countMatches(
  db: Db,
  id: string | undefined,
  values: RuleValues,
  issuedBefore: Date | undefined,
): Promise<number> {
  const { rows } = await db.query<{ matches: number }>(
    `select count(*)::int as matches
       from token_states t,
            (select $2::uuid as user_id, $3::text as client_id, $4::text as scope, $5::text as audience, $6::text as kind,
                    coalesce($7::timestamptz, now()) as issued_before) r
      where t.stands
        and t.consumed_at is null
        and t.expires_at > now()
        and t.kind <> 'pushed_authorization_request'
        and ($2::uuid is null or t.account_id = $2)
        and ($3::text is null or t.client_id = $3)
        and ${MATCHES}
        and not exists (
              select 1
                from revocation_rules r
               where r.id is distinct from $1::text
                 and ${MATCHES})`,
    [id, ...parties(values), issuedBefore],
  );
  return rows[0]?.matches ?? 0;
}

/** In the order in which they were written, which nothing changes. */
export async function listRules(db: Db, after: string, limit: number): Promise<RuleRow[]> {
  const { rows } = await db.query<RuleRow>(
    `select ${RULE} from revocation_rules where ordinal > $1 order by ordinal limit $2`,
    [after, limit],
  );
  return rows;
}

export async function findRule(db: Db, id: string): Promise<RuleRow | undefined> {
  const { rows } = await db.query<RuleRow>(`select ${RULE} from revocation_rules where id = $1`, [id]);
  return rows[0];
}

const parties = ({ user_id, client_id, scope, audience, kind }: RuleValues) => [
  user_id,
  client_id,
  scope,
  audience,
  kind,
];
