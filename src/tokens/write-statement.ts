import { IS_LET_IN, letIn, PASSED, UNSEEN } from './write-guards.ts';

/**
 * Guards and writes of a batch of units in one statement. Its parameters are JSON arrays, one per relation; each row names
 * its unit by `no`.
 *
 * - Only rows of units that `passed` all of this are written.
 * - `new_events` tells what the units say happened, and what they ended.
 */
export const WRITE = `
with unit as (
  select u.no, decode(u.consumes, 'hex') as consumes, u."grantId" as grant_id, u."accountId" as account_id,
         u."clientId" as client_id, decode(u.replay, 'hex') as replay,
         to_timestamp(u."replayExpiresAt") as replay_expires_at, u."sessionUid" as session_uid
    from json_to_recordset($1::json)
      as u (no int, consumes text, "grantId" text, "accountId" uuid, "clientId" text, replay text,
            "replayExpiresAt" float8, "sessionUid" text)
), ${UNSEEN}, ${letIn('share')}, living as materialized (
  select unit.no, unit.consumes
    from unit
   where (unit.session_uid is null or exists (
           select 1 from sessions s where s.uid = unit.session_uid for key share))
     and ${IS_LET_IN}
), ${PASSED}, new_grants as (
  insert into grants (id, account_id, client_id, session_uid, consented, expires_at)
  select n.id, n."accountId", n."clientId", n."sessionUid", n.consented, to_timestamp(n."expiresAt")
    from json_to_recordset($2::json)
      as n (no int, id text, "accountId" uuid, "clientId" text, "sessionUid" text, consented jsonb, "expiresAt" float8)
   where n.no in (select no from passed)
  on conflict (id) do update
     set consented = excluded.consented, expires_at = excluded.expires_at
   where grants.revoked_at is null
), new_tokens as (
  insert into tokens (id, kind, format, client_id, account_id, grant_id, grant_type, scope, audience, user_code,
                      issued_at, expires_at, status_list, status_index, remainder)
  select decode(n.id, 'hex'), n.kind, n.format, n."clientId", n."accountId", n."grantId", n."grantType", n.scope,
         n.audience, decode(n."userCode", 'hex'), to_timestamp(n."issuedAt"), to_timestamp(n."expiresAt"),
         n."statusList", n."statusIndex", n.remainder
    from json_to_recordset($3::json)
      as n (no int, id text, kind text, format text, "clientId" text, "accountId" uuid, "grantId" text,
            "grantType" text, scope text, audience text, "userCode" text, "issuedAt" float8, "expiresAt" float8,
            "statusList" int, "statusIndex" int, remainder jsonb)
   where n.no in (select no from passed)
  on conflict (id) do update
     set account_id = excluded.account_id, grant_id = excluded.grant_id, scope = excluded.scope,
         audience = excluded.audience, remainder = excluded.remainder
   where tokens.consumed_at is null and tokens.revoked_at is null
), new_sessions as (
  -- Where somebody signed in is where they did, whatever address the session is used from later.
  insert into sessions (id, uid, account_id, payload, expires_at, ip, user_agent, created_at)
  select decode(n.id, 'hex'), n.uid, n."accountId", n.payload, to_timestamp(n."expiresAt"),
         case when o.uid is null then n.ip else o.ip end,
         case when o.uid is null then n."userAgent" else o.user_agent end,
         coalesce(o.created_at, now())
    from json_to_recordset($4::json)
      as n (no int, id text, uid text, "accountId" uuid, payload jsonb, "expiresAt" float8, ip text, "userAgent" text)
    left join lateral (
      select s.uid, s.ip, s.user_agent, s.created_at
        from sessions s
       where s.uid = n.uid
         and s.account_id = n."accountId"
         and s.payload ->> 'loginTs' = n.payload ->> 'loginTs'
       limit 1) o on true
   where n.no in (select no from passed)
  on conflict (id) do update
     set account_id = excluded.account_id, payload = excluded.payload, expires_at = excluded.expires_at,
         ip = excluded.ip, user_agent = excluded.user_agent, created_at = excluded.created_at, last_used_at = now()
), new_interactions as (
  insert into interactions (id, payload, expires_at)
  select decode(n.id, 'hex'), n.payload, to_timestamp(n."expiresAt")
    from json_to_recordset($5::json) as n (no int, id text, payload jsonb, "expiresAt" float8, found boolean)
   where n.no in (select no from passed)
     and (not n.found or exists (select 1 from interactions i where i.id = decode(n.id, 'hex') for key share))
  on conflict (id) do update
     set payload = excluded.payload, expires_at = excluded.expires_at
), ended as materialized (
  select e.relation, e.key
    from json_to_recordset($7::json) as e (no int, relation text, key text)
   where e.no in (select no from passed)
), ended_tokens as (
  update tokens
     set revoked_at = now()
   where id = any(array(select decode(key, 'hex') from ended where relation = 'tokens'))
     and revoked_at is null
  returning id, kind, client_id, account_id, grant_id, consumed_at is null and expires_at > now() as lived
), ended_grants as (
  update grants
     set revoked_at = now()
   where id in (select key from ended where relation = 'grants')
     and revoked_at is null
  returning id, client_id, account_id
), ended_with_session as (
  update grants
     set revoked_at = now(), signed_out = true
   where revoked_at is null
     and id in (
           select g.id
             from ended e
             join grants g on g.session_uid = split_part(e.key, ' ', 1)
            where e.relation = 'sessions'
               or (e.relation = 'clients of sessions' and g.client_id = split_part(e.key, ' ', 2)))
  returning id, client_id, account_id
), new_events as (
  insert into events (uid, type, client_id, account_id, data, sealed)
  select coalesce(n.uid, gen_random_uuid()), n.type, n."clientId", n."accountId", n.data, decode(n.sealed, 'hex')
    from json_to_recordset($6::json)
      as n (no int, uid uuid, type text, "clientId" text, "accountId" uuid, data jsonb, sealed text)
   where n.no in (select no from passed)
  union all
  select gen_random_uuid(), case kind when 'pat' then 'pat.revoked' else 'token.revoked' end, client_id, account_id,
         jsonb_build_object('token_id', encode(id, 'hex'), 'kind', kind, 'grant_id', grant_id), null
    from ended_tokens
   where lived
     and kind in ('access_token', 'refresh_token', 'pat')
  union all
  select gen_random_uuid(), 'grant.revoked', client_id, account_id, jsonb_build_object('grant_id', id), null
    from ended_grants
  union all
  select gen_random_uuid(), 'grant.revoked', client_id, account_id,
         jsonb_build_object('grant_id', id, 'signed_out', true), null
    from ended_with_session
), ended_interactions as (
  delete from interactions
   where id in (select decode(key, 'hex') from ended where relation = 'interactions')
), ended_sessions as (
  delete from sessions
   where id in (
           select decode(key, 'hex') from ended where relation = 'rotated sessions'
           union all
           select s.id from ended e join sessions s on s.uid = e.key where e.relation = 'sessions')
)
select no from passed`;
