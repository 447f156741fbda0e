-- The schema that the migrations make. Written by `npm run schema`; not run by anything.

create table apis (
  identifier text not null,
  ordinal bigint not null generated always as identity,
  name text not null,
  scopes jsonb not null default '[]'::jsonb,
  access_token_format text not null,
  signing_alg text not null,
  access_token_ttl integer,
  introspection_clients text[] not null default '{}'::text[],
  built_in boolean not null default false,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint apis_pkey PRIMARY KEY (identifier),
  constraint apis_ordinal_key UNIQUE (ordinal),
  constraint apis_access_token_format_check CHECK ((access_token_format = ANY (ARRAY['opaque'::text, 'jwt'::text]))),
  constraint apis_signing_alg_check CHECK ((signing_alg = ANY (ARRAY['ES256'::text, 'RS256'::text, 'Ed25519'::text])))
);
comment on column apis.scopes is '[{name, description}]; granted to clients by name in their registration''s scope';
comment on column apis.built_in is 'the admin API of this server: it cannot be changed or deleted';
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE ON public.apis FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

create table client_secrets (
  id text not null,
  client_id text not null,
  digest bytea not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  constraint client_secrets_pkey PRIMARY KEY (id),
  constraint client_secrets_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients(client_id) ON DELETE CASCADE
);
CREATE INDEX client_secrets__client_id ON public.client_secrets USING btree (client_id);

create table clients (
  client_id text not null,
  ordinal bigint not null generated always as identity,
  registration jsonb not null,
  metadata jsonb not null default '{}'::jsonb,
  first_party boolean not null default false,
  access_token_ttl integer,
  refresh_token_ttl integer,
  disabled boolean not null default false,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint clients_pkey PRIMARY KEY (client_id),
  constraint clients_ordinal_key UNIQUE (ordinal)
);
comment on column clients.registration is 'RFC 7591 client metadata as validated, without client_id and without secrets';
comment on column clients.metadata is 'copied into tokens as client_metadata';

create table grants (
  id text not null,
  account_id uuid not null,
  client_id text not null,
  session_uid text,
  consented jsonb not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  constraint grants_pkey PRIMARY KEY (id)
);
CREATE INDEX grants__account_client ON public.grants USING btree (account_id, client_id);
CREATE INDEX grants__session_uid ON public.grants USING btree (session_uid) WHERE (session_uid IS NOT NULL);
comment on table grants is 'one authorization: every code and token that came of it lives and dies with this row';
comment on column grants.session_uid is 'ends with this session: signing out takes back what was not granted offline_access';

create table interactions (
  id bytea not null,
  payload jsonb not null,
  expires_at timestamp with time zone not null,
  constraint interactions_pkey PRIMARY KEY (id)
);

create table replays (
  id bytea not null,
  expires_at timestamp with time zone not null,
  constraint replays_pkey PRIMARY KEY (id)
);
comment on table replays is 'jti of DPoP proofs and client assertions already seen: inserting twice is the replay';

create table sessions (
  id bytea not null,
  uid text not null,
  account_id uuid,
  payload jsonb not null,
  expires_at timestamp with time zone not null,
  constraint sessions_pkey PRIMARY KEY (id)
);
CREATE INDEX sessions__account_id ON public.sessions USING btree (account_id) WHERE (account_id IS NOT NULL);
CREATE INDEX sessions__uid ON public.sessions USING btree (uid);
comment on table sessions is 'signed-in browsers; id is the cookie''s digest and changes with each sign-in, uid stays: two tabs that finish at once leave two rows of one uid, and both cookies work';

create table signing_keys (
  kid text not null,
  alg text not null,
  public_jwk jsonb not null,
  private_jwk bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint signing_keys_pkey PRIMARY KEY (kid)
);
comment on column signing_keys.private_jwk is 'sealed under MINTMARK_SECRET_KEYS';
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE ON public.signing_keys FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

create table tokens (
  id bytea not null,
  kind text not null,
  format text not null,
  client_id text not null,
  account_id uuid,
  grant_id text,
  grant_type text,
  scope text,
  audience text,
  user_code bytea,
  issued_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  consumed_at timestamp with time zone,
  revoked_at timestamp with time zone,
  remainder jsonb not null,
  constraint tokens_pkey PRIMARY KEY (id),
  constraint tokens_user_code_key UNIQUE (user_code)
);
CREATE INDEX tokens__account_id ON public.tokens USING btree (account_id, issued_at) WHERE (account_id IS NOT NULL);
CREATE INDEX tokens__client_id ON public.tokens USING btree (client_id, issued_at);
CREATE INDEX tokens__grant_id ON public.tokens USING btree (grant_id) WHERE (grant_id IS NOT NULL);
comment on table tokens is 'every bearer artifact: codes, access and refresh tokens (JWTs too), device codes, pushed requests';
comment on column tokens.remainder is 'what the protocol engine keeps with a token beyond the typed columns';

create table users (
  id uuid not null default gen_random_uuid(),
  ordinal bigint not null generated always as identity,
  username text not null,
  username_key text not null,
  email text,
  name text,
  password_hash text,
  claims jsonb not null default '{}'::jsonb,
  disabled boolean not null default false,
  disabled_until timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_ordinal_key UNIQUE (ordinal),
  constraint users_username_key_key UNIQUE (username_key)
);
comment on column users.username_key is 'NFKC case-folded: Ann and ann are one person';
comment on column users.disabled_until is 'when disabled ends by itself; null with disabled: until an administrator enables';

CREATE OR REPLACE FUNCTION public.announce_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('mintmark', tg_table_name);
  return null;
end $function$;
