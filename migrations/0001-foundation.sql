-- The data model of issuing and revoking: who may ask (clients, users), for what (apis), what was agreed (grants) and
-- what was handed out (tokens). Bearer values never lie here: bytea ids are HMAC-SHA256 under a key outside the database.

create table clients (
  client_id          text primary key,
  ordinal            bigint generated always as identity unique,
  registration       jsonb not null,
  metadata           jsonb not null default '{}',
  first_party        boolean not null default false,
  access_token_ttl   integer,
  refresh_token_ttl  integer,
  disabled           boolean not null default false,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now()
);
comment on column clients.registration is 'RFC 7591 client metadata as validated, without client_id and without secrets';
comment on column clients.metadata is 'copied into tokens as client_metadata';

create table client_secrets (
  id            text primary key,
  client_id     text not null references clients on delete cascade,
  digest        bytea not null,
  created_at    timestamptz not null default now(),
  expires_at    timestamptz
);
create index client_secrets__client_id on client_secrets (client_id);

create table apis (
  identifier             text primary key,
  ordinal                bigint generated always as identity unique,
  name                   text not null,
  scopes                 jsonb not null default '[]',
  access_token_format    text not null check (access_token_format in ('opaque', 'jwt')),
  signing_alg            text not null check (signing_alg in ('ES256', 'RS256', 'Ed25519')),
  access_token_ttl       integer,
  introspection_clients  text[] not null default '{}',
  built_in               boolean not null default false,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now()
);
comment on column apis.scopes is '[{name, description}]; granted to clients by name in their registration''s scope';
comment on column apis.built_in is 'the admin API of this server: it cannot be changed or deleted';

create table users (
  id              uuid primary key default gen_random_uuid(),
  ordinal         bigint generated always as identity unique,
  username        text not null,
  username_key    text not null unique,
  email           text,
  name            text,
  password_hash   text,
  claims          jsonb not null default '{}',
  disabled        boolean not null default false,
  disabled_until  timestamptz,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
);
comment on column users.username_key is 'NFKC case-folded: Ann and ann are one person';
comment on column users.disabled_until is 'when disabled ends by itself; null with disabled: until an administrator enables';

create table signing_keys (
  kid          text primary key,
  alg          text not null,
  public_jwk   jsonb not null,
  private_jwk  bytea not null,
  created_at   timestamptz not null default now()
);
comment on column signing_keys.private_jwk is 'sealed under MINTMARK_SECRET_KEYS';

create table grants (
  id           text primary key,
  account_id   uuid not null,
  client_id    text not null,
  session_uid  text,
  consented    jsonb not null,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz not null,
  revoked_at   timestamptz
);
create index grants__session_uid on grants (session_uid) where session_uid is not null;
comment on column grants.session_uid is 'ends with this session: signing out takes back what was not granted offline_access';
create index grants__account_client on grants (account_id, client_id);
comment on table grants is 'one authorization: every code and token that came of it lives and dies with this row';

create table tokens (
  id           bytea primary key,
  kind         text not null,
  format       text not null,
  client_id    text not null,
  account_id   uuid,
  grant_id     text,
  grant_type   text,
  scope        text,
  audience     text,
  user_code    bytea unique,
  issued_at    timestamptz not null,
  expires_at   timestamptz not null,
  consumed_at  timestamptz,
  revoked_at   timestamptz,
  remainder    jsonb not null
);
create index tokens__client_id on tokens (client_id, issued_at);
create index tokens__account_id on tokens (account_id, issued_at) where account_id is not null;
create index tokens__grant_id on tokens (grant_id) where grant_id is not null;
comment on table tokens is 'every bearer artifact: codes, access and refresh tokens (JWTs too), device codes, pushed requests';
comment on column tokens.remainder is 'what the protocol engine keeps with a token beyond the typed columns';

create table sessions (
  id          bytea primary key,
  uid         text not null,
  account_id  uuid,
  payload     jsonb not null,
  expires_at  timestamptz not null
);
create index sessions__uid on sessions (uid);
comment on table sessions is 'signed-in browsers; id is the cookie''s digest and changes with each sign-in, uid stays: two tabs that finish at once leave two rows of one uid, and both cookies work';
create index sessions__account_id on sessions (account_id) where account_id is not null;

create table interactions (
  id          bytea primary key,
  payload     jsonb not null,
  expires_at  timestamptz not null
);

create table replays (
  id          bytea primary key,
  expires_at  timestamptz not null
);
comment on table replays is 'jti of DPoP proofs and client assertions already seen: inserting twice is the replay';

-- Instances learn of changes they hold in memory. Statement level: one notice however many rows.
create function announce_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('mintmark', tg_table_name);
  return null;
end $$;
create trigger announce after insert or update or delete on signing_keys
  for each statement execute function announce_change();
create trigger announce after insert or update or delete on apis
  for each statement execute function announce_change();
