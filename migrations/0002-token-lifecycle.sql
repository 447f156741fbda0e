-- The whole life of a token: answers that can be repeated, rules that revoke, lists that offline verifiers read, events.

alter table clients add column refresh_token_grace integer;
comment on column clients.refresh_token_grace is 'seconds in which a repeated refresh gets the identical answer; 0: never';

alter table client_secrets add column last_used_at timestamptz;
comment on column client_secrets.last_used_at is 'coarse: written at most once a minute';
-- Disabling ends, and enabling gives nothing back: it moves this.
alter table clients add column tokens_from timestamptz;
update clients set tokens_from = created_at;
alter table clients alter column tokens_from set default now(), alter column tokens_from set not null;
comment on column clients.tokens_from is 'tokens older than this are dead: they were given before it was disabled, or to another client of that name';
alter table users add column tokens_from timestamptz not null default '-infinity';
comment on column users.tokens_from is 'tokens older than this are dead: the user was disabled since';

create index client_secrets__digest on client_secrets (digest);

alter table apis
  add column include_jti boolean not null default true,
  add column include_status boolean not null default true;
comment on column apis.include_status is 'JWT access tokens carry a Token Status List reference';

alter table tokens
  add column created_at timestamptz not null default now(),
  add column last_used_at timestamptz,
  add column status_list integer,
  add column status_index integer;
update tokens set created_at = issued_at;
comment on column tokens.created_at is 'to the microsecond: what revocation rules compare, where iat has only seconds';
comment on column tokens.last_used_at is 'coarse: written at most once a minute';

-- Lists go by created_at, to the microsecond: a second may hold thousands.
drop index tokens__client_id;
drop index tokens__account_id;
create index tokens__client_id on tokens (client_id, created_at);
create index tokens__account_id on tokens (account_id, created_at) where account_id is not null;
drop index tokens__grant_id;
-- What a refresh takes back: the access tokens of its grant that still live.
create index tokens__access_of_grant on tokens (grant_id)
  where kind = 'access_token' and revoked_at is null and grant_id is not null;
create index tokens__expires_at on tokens (expires_at);
-- The constraint keeps an entry for each of the many tokens that have no user code.
alter table tokens drop constraint tokens_user_code_key;
create unique index tokens__user_code on tokens (user_code) where user_code is not null;
-- What a status list is made from, without its expired entries.
create index tokens__status_list on tokens (status_list, expires_at) where status_list is not null;
create index tokens__created_at on tokens (created_at);

-- Rows come and go by the million. Vacuum early, but for a large table not before a hundredth of it is dead: that bounds
-- what lies about, and how often a large table is gone through. The tail of the table is kept for the rows to come, since
-- cutting it off takes a lock that every request waits for.
alter table tokens set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 20000,
                        autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_vacuum_insert_threshold = 100000,
                        autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

alter table grants add column signed_out boolean not null default false;
comment on column grants.signed_out is 'revoked because the person signed out: what was agreed to is still agreed to';

create table refresh_answers (
  token_id      bytea primary key,
  successor_id  bytea not null,
  sealed        bytea not null,
  expires_at    timestamptz not null
);
comment on table refresh_answers is 'the answer a refresh token was exchanged for, sealed under a key derived from that token';

create table revocation_rules (
  id             text primary key,
  ordinal        bigint generated always as identity unique,
  user_id        uuid,
  client_id      text,
  scope          text,
  audience       text,
  kind           text,
  issued_before  timestamptz not null,
  reason         text not null,
  created_by     text not null,
  created_at     timestamptz not null default now(),
  expires_at     timestamptz not null,
  check (num_nonnulls(user_id, client_id, scope, audience, kind) > 0)
);
comment on table revocation_rules is 'each row takes back every matching token issued before, however many';
-- What every look-up of a token goes by: with thousands of rules for one client or user each, it reads a handful.
create index revocation_rules__party on revocation_rules (coalesce(client_id, user_id::text, ''));

create table events (
  id          bigint generated always as identity primary key,
  type        text not null,
  client_id   text,
  account_id  uuid,
  data        jsonb not null default '{}',
  created_at  timestamptz not null default now()
);
create index events__created_at on events (created_at);
comment on table events is 'what happened, written with what made it happen; never a token value';

create table jobs (
  name    text primary key,
  due_at  timestamptz not null
);
comment on table jobs is 'work that comes round by itself; due_at in the future: done, or under way at one instance until then';

-- How what is dead is found, oldest first, without reading what lives.
create index grants__ended_at on grants ((case when signed_out then expires_at else least(expires_at, revoked_at) end));
create index refresh_answers__expires_at on refresh_answers (expires_at);
create index replays__expires_at on replays (expires_at);
create index interactions__expires_at on interactions (expires_at);
create index sessions__expires_at on sessions (expires_at);
alter table refresh_answers set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
                                 autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
alter table replays set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
                         autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
alter table interactions set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
                              autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
alter table sessions set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
                          autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
alter table grants set (vacuum_truncate = off);
alter table events set (vacuum_truncate = off);

create sequence status_entries increment 512 minvalue 0;
comment on sequence status_entries is 'each value begins a block of numbers, one for each JWT access token with a status: its list and, permuted, its index';

create table status_permutation (
  single      boolean primary key default true check (single),
  sealed_key  bytea not null
);
comment on table status_permutation is 'one row: the key of the permutation that keeps indices from telling the order of issue; for the life of the data';

alter table signing_keys
  add column signs_from timestamptz not null default now(),
  add column signs_until timestamptz,
  add column longest_ttl integer not null default 1209600;
comment on column signing_keys.signs_from is 'published before, so that verifiers know the key when it begins to sign';
comment on column signing_keys.signs_until is 'when its successor begins to sign; null: there is none yet';
comment on column signing_keys.longest_ttl is 'seconds: nothing signed with it is of use for longer, so its public half may leave the key set that long after signs_until';
update signing_keys
   set longest_ttl = greatest(longest_ttl, (select max(access_token_ttl) from clients), (select max(access_token_ttl) from apis));
-- Each algorithm has exactly one key that nothing follows yet.
create unique index signing_keys__newest on signing_keys (alg) where signs_until is null;

-- The one place that says when a token is good, expiry and single use apart: nothing that ends one can be forgotten.
-- `stands`: it and all it depends on were not ended. `lives`: and no rule takes it back.
create view token_states as
select s.id, s.kind, s.format, s.client_id, s.account_id, s.grant_id, s.grant_type, s.scope, s.audience, s.user_code,
       s.issued_at, s.expires_at, s.consumed_at, s.revoked_at, s.remainder, s.created_at, s.last_used_at,
       s.status_list, s.status_index, s.stands,
       s.stands
       and not exists (
         select 1
           from revocation_rules r
          where s.created_at < r.issued_before
            -- Says no more than the next two lines, in the words of an index.
            and coalesce(r.client_id, r.user_id::text, '') in ('', s.client_id, s.account_id::text)
            and (r.user_id is null or r.user_id = s.account_id)
            and (r.client_id is null or r.client_id = s.client_id)
            and (r.kind is null or r.kind = s.kind)
            and (r.scope is null or r.scope = any (string_to_array(s.scope, ' ')))
            -- Codes and refresh tokens have no audience of their own, but yield tokens for their resources.
            and (r.audience is null
                 or r.audience = s.audience
                 or (s.audience is null and s.remainder -> 'resource' @> to_jsonb(r.audience)))
       ) as lives
  from (
    select t.id, t.kind, t.format, t.client_id, t.account_id, t.grant_id, t.grant_type, t.scope, t.audience,
           t.user_code, t.issued_at, t.expires_at, t.consumed_at, t.revoked_at, t.remainder, t.created_at,
           t.last_used_at, t.status_list, t.status_index,
           t.revoked_at is null
           and c.client_id is not null
           and not c.disabled
           and (t.grant_id is null or (g.id is not null and g.revoked_at is null))
           -- disabled_until is null: until somebody enables. Once it has passed, what was issued before stays dead.
           and (t.account_id is null
                or (u.id is not null and (not u.disabled or coalesce(u.disabled_until <= least(now(), t.created_at), false))))
             as stands
      from tokens t
      left join clients c on c.client_id = t.client_id and c.tokens_from <= t.created_at
      left join grants g on g.id = t.grant_id
      left join users u on u.id = t.account_id and u.tokens_from <= t.created_at
  ) s;
