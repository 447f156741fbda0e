-- The whole life of a token: answers that can be repeated, rules that revoke, lists that offline verifiers read, events.

alter table clients add column refresh_token_grace integer;
comment on column clients.refresh_token_grace is 'seconds in which a repeated refresh gets the identical answer; 0: never';

alter table client_secrets add column last_used_at timestamptz;

alter table apis
  add column include_jti boolean not null default true,
  add column include_status boolean not null default true;
comment on column apis.include_status is 'JWT access tokens carry a Token Status List reference';

alter table tokens
  add column created_at timestamptz not null default now(),
  add column last_used_at timestamptz,
  add column status_list integer,
  add column status_index integer;
comment on column tokens.created_at is 'to the microsecond: what revocation rules compare, where iat has only seconds';
comment on column tokens.last_used_at is 'coarse: written at most once a minute';

drop index tokens__grant_id;
-- What a refresh takes back: the access tokens of its grant that still live.
create index tokens__access_of_grant on tokens (grant_id)
  where kind = 'access_token' and revoked_at is null and grant_id is not null;
create index tokens__expires_at on tokens (expires_at);
create index tokens__status_list on tokens (status_list) where status_list is not null;
create index tokens__created_at on tokens (created_at);

-- Rows come and go by the million: vacuum after a fixed number of dead ones, not after a share of a table that grew.
alter table tokens set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
                        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
                        autovacuum_vacuum_cost_delay = 0);

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

create sequence status_entries minvalue 0;
comment on sequence status_entries is 'one number for each JWT access token with a status: its list and, permuted, its index';

alter table signing_keys
  add column signs_from timestamptz not null default now(),
  add column signs_until timestamptz,
  add column retires_at timestamptz;
comment on column signing_keys.signs_from is 'published before, so that verifiers know the key when it begins to sign';
comment on column signing_keys.retires_at is 'when the last token it signed is dead: the key leaves the key set';

-- The one place that says when a token is good, expiry and single use apart: nothing that ends one can be forgotten.
create view token_states as
select t.id, t.kind, t.format, t.client_id, t.account_id, t.grant_id, t.grant_type, t.scope, t.audience, t.user_code,
       t.issued_at, t.expires_at, t.consumed_at, t.revoked_at, t.remainder, t.created_at, t.last_used_at,
       t.status_list, t.status_index,
       t.revoked_at is null
       and c.client_id is not null
       and not c.disabled
       and (t.grant_id is null or (g.id is not null and g.revoked_at is null))
       and (t.account_id is null or (u.id is not null and (not u.disabled or u.disabled_until <= now())))
       and not exists (
         select 1
           from revocation_rules r
          where t.created_at < r.issued_before
            and (r.user_id is null or r.user_id = t.account_id)
            and (r.client_id is null or r.client_id = t.client_id)
            and (r.audience is null or r.audience = t.audience)
            and (r.kind is null or r.kind = t.kind)
            and (r.scope is null or r.scope = any (string_to_array(t.scope, ' ')))
       ) as lives
  from tokens t
  left join clients c on c.client_id = t.client_id
  left join grants g on g.id = t.grant_id
  left join users u on u.id = t.account_id;
