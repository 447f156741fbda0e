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
  include_jti boolean not null default true,
  include_status boolean not null default true,
  constraint apis_pkey PRIMARY KEY (identifier),
  constraint apis_ordinal_key UNIQUE (ordinal),
  constraint apis_access_token_format_check CHECK ((access_token_format = ANY (ARRAY['opaque'::text, 'jwt'::text]))),
  constraint apis_signing_alg_check CHECK ((signing_alg = ANY (ARRAY['ES256'::text, 'RS256'::text, 'Ed25519'::text])))
);
comment on column apis.scopes is '[{name, description}]; granted to clients by name in their registration''s scope';
comment on column apis.built_in is 'the admin API of this server: it cannot be changed or deleted';
comment on column apis.include_status is 'JWT access tokens carry a Token Status List reference';
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE ON public.apis FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

create table audit_log (
  id bigint not null generated always as identity,
  at timestamp with time zone not null default now(),
  actor text not null,
  action text not null,
  target text,
  outcome text not null,
  reason text,
  ip text,
  user_agent text,
  data jsonb not null default '{}'::jsonb,
  constraint audit_log_pkey PRIMARY KEY (id),
  constraint audit_log_outcome_check CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text])))
);
CREATE INDEX audit_log__action ON public.audit_log USING btree (action, id);
CREATE INDEX audit_log__actor ON public.audit_log USING btree (actor, id);
CREATE INDEX audit_log__at ON public.audit_log USING btree (at);
CREATE INDEX audit_log__target ON public.audit_log USING btree (target, id) WHERE (target IS NOT NULL);
comment on table audit_log is 'who did what to whom, from where, and how it ended; rows are added and never changed';
comment on column audit_log.target is 'kind and id: user:…, client:…, auth_policy:…';
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table auth_policies (
  id text not null,
  ordinal bigint not null generated always as identity,
  name text not null,
  tags jsonb not null default '{}'::jsonb,
  primary_methods jsonb not null,
  secondary jsonb not null,
  session_idle_timeout integer not null,
  session_lifetime integer not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  pats jsonb not null default '{"allowed": true, "max_days": null}'::jsonb,
  constraint auth_policies_pkey PRIMARY KEY (id),
  constraint auth_policies_ordinal_key UNIQUE (ordinal),
  constraint auth_policies_session_idle_timeout_check CHECK ((session_idle_timeout > 0)),
  constraint auth_policies_session_lifetime_check CHECK ((session_lifetime > 0))
);
comment on column auth_policies.primary_methods is '{updb, webauthn, cert, ext_jwt}: which first proofs are taken, and the rules for passwords';
comment on column auth_policies.secondary is 'which second factor is demanded, and whether it may be enrolled while signing in';
comment on column auth_policies.session_idle_timeout is 'seconds without use';
comment on column auth_policies.session_lifetime is 'seconds from the sign-in, however much it is used';
comment on column auth_policies.pats is 'whether users may have personal access tokens, and for how long; max_days null: as the server is set';
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE ON public.auth_policies FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

create table client_secrets (
  id text not null,
  client_id text not null,
  digest bytea not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint client_secrets_pkey PRIMARY KEY (id),
  constraint client_secrets_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients(client_id) ON DELETE CASCADE
);
CREATE INDEX client_secrets__client_id ON public.client_secrets USING btree (client_id);
CREATE INDEX client_secrets__digest ON public.client_secrets USING btree (digest);
comment on column client_secrets.last_used_at is 'coarse: written at most once a minute';
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE OF client_id, digest, expires_at ON public.client_secrets FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

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
  refresh_token_grace integer,
  tokens_from timestamp with time zone not null default now(),
  constraint clients_pkey PRIMARY KEY (client_id),
  constraint clients_ordinal_key UNIQUE (ordinal)
);
comment on column clients.registration is 'RFC 7591 client metadata as validated, without client_id and without secrets';
comment on column clients.metadata is 'copied into tokens as client_metadata';
comment on column clients.refresh_token_grace is 'seconds in which a repeated refresh gets the identical answer; 0: never';
comment on column clients.tokens_from is 'tokens older than this are dead: they were given before it was disabled, or to another client of that name';
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE ON public.clients FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

create table devices (
  id bytea not null,
  account_id uuid not null,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone not null default now(),
  constraint devices_pkey PRIMARY KEY (id, account_id),
  constraint devices_account_id_fkey FOREIGN KEY (account_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX devices__account_id ON public.devices USING btree (account_id);
CREATE INDEX devices__last_used_at ON public.devices USING btree (last_used_at);
comment on table devices is 'browsers somebody has signed in with: what strangers guess does not shut them out; id is the digest of their cookie';

create table events (
  id bigint not null generated always as identity,
  type text not null,
  client_id text,
  account_id uuid,
  data jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default clock_timestamp(),
  uid uuid not null default gen_random_uuid(),
  sealed bytea,
  position bigint,
  constraint events_pkey PRIMARY KEY (id)
);
alter table events set (
  vacuum_truncate=off
);
CREATE INDEX events__created_at ON public.events USING btree (created_at);
CREATE UNIQUE INDEX events__position ON public.events USING btree ("position");
CREATE INDEX events__sealed ON public.events USING btree (created_at) WHERE (sealed IS NOT NULL);
CREATE INDEX events__unplaced ON public.events USING btree (id) WHERE ("position" IS NULL);
comment on table events is 'what happened, written with what made it happen, while somebody listens; never a token value in clear';
comment on column events.uid is 'webhook-id: the same on every try';
comment on column events.sealed is 'the body of a notification, which holds tokens; erased when nobody waits for it any more';
comment on column events.position is 'in order of commit: ids are taken before, so the row of a smaller one may appear later';
CREATE TRIGGER heard BEFORE INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION keep_what_is_heard();

create table grants (
  id text not null,
  account_id uuid not null,
  client_id text not null,
  session_uid text,
  consented jsonb not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  signed_out boolean not null default false,
  access_from jsonb,
  constraint grants_pkey PRIMARY KEY (id)
);
alter table grants set (
  vacuum_truncate=off,
  fillfactor=80
);
CREATE INDEX grants__account_client ON public.grants USING btree (account_id, client_id);
CREATE INDEX grants__ended_at ON public.grants USING btree ((
CASE
    WHEN signed_out THEN expires_at
    ELSE LEAST(expires_at, revoked_at)
END));
CREATE INDEX grants__session_uid ON public.grants USING btree (session_uid) WHERE (session_uid IS NOT NULL);
comment on table grants is 'one authorization: every code and token that came of it lives and dies with this row';
comment on column grants.session_uid is 'ends with this session: signing out takes back what was not granted offline_access';
comment on column grants.signed_out is 'revoked because the person signed out: what was agreed to is still agreed to';
comment on column grants.access_from is 'by audience, '''' for none: access tokens older than this are dead, a refresh gave newer ones';

create table guesses (
  subject bytea not null,
  account_id uuid,
  proof text not null,
  failures integer not null,
  last_at timestamp with time zone not null,
  blocked_until timestamp with time zone,
  constraint guesses_pkey PRIMARY KEY (subject),
  constraint guesses_account_id_fkey FOREIGN KEY (account_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX guesses__account_id ON public.guesses USING btree (account_id) WHERE (account_id IS NOT NULL);
CREATE INDEX guesses__last_at ON public.guesses USING btree (last_at);
comment on table guesses is 'wrong passwords, and codes until they are found right; names nobody has are counted too';
comment on column guesses.subject is 'digest of what is guarded: a proof of an account, for one known device or for all others; an HMAC of a name that nobody has';
comment on column guesses.blocked_until is 'infinity: until an administrator';

create table handovers (
  id bytea not null,
  interaction bytea not null,
  uid bytea not null,
  answer jsonb,
  verifier bytea,
  expires_at timestamp with time zone not null,
  constraint handovers_pkey PRIMARY KEY (id),
  constraint handovers_interaction_key UNIQUE (interaction),
  constraint handovers_verifier_key UNIQUE (verifier)
);
CREATE INDEX handovers__expires_at ON public.handovers USING btree (expires_at);
comment on table handovers is 'authorization requests that an external login application finishes; id is the digest of the ticket it received';
comment on column handovers.uid is 'the interaction''s uid, sealed: the way back';
comment on column handovers.verifier is 'digest of what the browser brings back from the login application: the browser that started must end it';

create table interactions (
  id bytea not null,
  payload jsonb not null,
  expires_at timestamp with time zone not null,
  constraint interactions_pkey PRIMARY KEY (id)
);
alter table interactions set (
  autovacuum_vacuum_scale_factor=0.01,
  autovacuum_vacuum_threshold=5000,
  autovacuum_vacuum_cost_delay=0,
  vacuum_truncate=off
);
CREATE INDEX interactions__expires_at ON public.interactions USING btree (expires_at);

create table jobs (
  name text not null,
  due_at timestamp with time zone not null,
  constraint jobs_pkey PRIMARY KEY (name)
);
comment on table jobs is 'work that comes round by itself; due_at in the future: done, or under way at one instance until then';

create table passkeys (
  id text not null,
  account_id uuid not null,
  credential_id bytea not null,
  public_key bytea not null,
  counter bigint not null,
  transports text[] not null default '{}'::text[],
  backed_up boolean not null,
  name text not null,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone,
  constraint passkeys_pkey PRIMARY KEY (id),
  constraint passkeys_credential_id_key UNIQUE (credential_id),
  constraint passkeys_account_id_fkey FOREIGN KEY (account_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX passkeys__account_id ON public.passkeys USING btree (account_id);

create table password_resets (
  id bytea not null,
  account_id uuid not null,
  mailed boolean not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint password_resets_pkey PRIMARY KEY (id),
  constraint password_resets_account_id_fkey FOREIGN KEY (account_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX password_resets__account_id ON public.password_resets USING btree (account_id);
CREATE INDEX password_resets__expires_at ON public.password_resets USING btree (expires_at);
comment on table password_resets is 'one-time links, by the digest of the link; using one ends the others of its account';

create table pats (
  token_id bytea not null,
  account_id uuid not null,
  name text not null,
  family bytea not null,
  lifetime integer not null,
  ip text,
  user_agent text,
  last_used_ip text,
  replaced_at timestamp with time zone,
  stands_until timestamp with time zone,
  warned_at timestamp with time zone,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  constraint pats_pkey PRIMARY KEY (token_id)
);
CREATE INDEX pats__account_id ON public.pats USING btree (account_id, created_at);
CREATE INDEX pats__created_at ON public.pats USING btree (created_at);
CREATE INDEX pats__expires_at ON public.pats USING btree (expires_at);
CREATE INDEX pats__family ON public.pats USING btree (family);
comment on table pats is 'beside each row of tokens of kind pat; no foreign keys: tokens are removed by the million, and their owners too';
comment on column pats.family is 'token_id of the first of those that replaced one another';
comment on column pats.lifetime is 'seconds: what a successor gets';
comment on column pats.stands_until is 'set with replaced_at: until then both are good, and its use after that ends the family';

create table recovery_codes (
  account_id uuid not null,
  digest bytea not null,
  created_at timestamp with time zone not null default now(),
  used_at timestamp with time zone,
  constraint recovery_codes_pkey PRIMARY KEY (account_id, digest),
  constraint recovery_codes_account_id_fkey FOREIGN KEY (account_id) REFERENCES users(id) ON DELETE CASCADE
);

create table refresh_answers (
  token_id bytea not null,
  successor_id bytea not null,
  sealed bytea not null,
  expires_at timestamp with time zone not null,
  constraint refresh_answers_pkey PRIMARY KEY (token_id)
);
alter table refresh_answers set (
  autovacuum_vacuum_scale_factor=0.01,
  autovacuum_vacuum_threshold=5000,
  autovacuum_vacuum_cost_delay=0,
  vacuum_truncate=off
);
CREATE INDEX refresh_answers__expires_at ON public.refresh_answers USING btree (expires_at);
comment on table refresh_answers is 'the answer a refresh token was exchanged for, sealed under a key derived from that token';

create table replays (
  id bytea not null,
  expires_at timestamp with time zone not null,
  constraint replays_pkey PRIMARY KEY (id)
);
alter table replays set (
  autovacuum_vacuum_scale_factor=0.01,
  autovacuum_vacuum_threshold=5000,
  autovacuum_vacuum_cost_delay=0,
  vacuum_truncate=off
);
CREATE INDEX replays__expires_at ON public.replays USING btree (expires_at);
comment on table replays is 'jti of DPoP proofs and client assertions already seen: inserting twice is the replay';

create table revocation_rules (
  id text not null,
  ordinal bigint not null generated always as identity,
  user_id uuid,
  client_id text,
  scope text,
  audience text,
  kind text,
  issued_before timestamp with time zone not null,
  reason text not null,
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint revocation_rules_pkey PRIMARY KEY (id),
  constraint revocation_rules_ordinal_key UNIQUE (ordinal),
  constraint revocation_rules_check CHECK ((num_nonnulls(user_id, client_id, scope, audience, kind) > 0))
);
CREATE INDEX revocation_rules__party ON public.revocation_rules USING btree (COALESCE(client_id, (user_id)::text, ''::text));
comment on table revocation_rules is 'each row takes back every matching token issued before, however many';

create table sessions (
  id bytea not null,
  uid text not null,
  account_id uuid,
  payload jsonb not null,
  expires_at timestamp with time zone not null,
  kind text not null default 'browser'::text,
  ip text,
  user_agent text,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone not null default now(),
  constraint sessions_pkey PRIMARY KEY (id)
);
alter table sessions set (
  autovacuum_vacuum_scale_factor=0.01,
  autovacuum_vacuum_threshold=5000,
  autovacuum_vacuum_cost_delay=0,
  vacuum_truncate=off
);
CREATE INDEX sessions__account_id ON public.sessions USING btree (account_id) WHERE (account_id IS NOT NULL);
CREATE INDEX sessions__expires_at ON public.sessions USING btree (expires_at);
CREATE INDEX sessions__uid ON public.sessions USING btree (uid);
comment on table sessions is 'signed-in browsers; id is the cookie''s digest and changes with each sign-in, uid stays: two tabs that finish at once leave two rows of one uid, and both cookies work';
comment on column sessions.kind is 'browser: its cookie; api: a session token of the headless sign-in';

create table sign_ins (
  id bytea not null,
  account_id uuid not null,
  proofs text[] not null,
  authenticated_at timestamp with time zone not null,
  password_version integer,
  wants_new_password boolean not null default false,
  acr text,
  client_id text,
  request jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint sign_ins_pkey PRIMARY KEY (id),
  constraint sign_ins_account_id_fkey FOREIGN KEY (account_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX sign_ins__account_id ON public.sign_ins USING btree (account_id);
CREATE INDEX sign_ins__expires_at ON public.sign_ins USING btree (expires_at);
comment on table sign_ins is 'begun and not finished: what somebody has proved so far. No session comes of a row before nothing is asked any more';
comment on column sign_ins.id is 'digest of what its owner holds: an interaction, a session token to be, or a token of the password grant';

create table signing_keys (
  kid text not null,
  alg text not null,
  public_jwk jsonb not null,
  private_jwk bytea not null,
  created_at timestamp with time zone not null default now(),
  signs_from timestamp with time zone not null default now(),
  signs_until timestamp with time zone,
  longest_ttl integer not null default 1209600,
  constraint signing_keys_pkey PRIMARY KEY (kid)
);
CREATE UNIQUE INDEX signing_keys__newest ON public.signing_keys USING btree (alg) WHERE (signs_until IS NULL);
comment on column signing_keys.private_jwk is 'sealed under MINTMARK_SECRET_KEYS';
comment on column signing_keys.signs_from is 'published before, so that verifiers know the key when it begins to sign';
comment on column signing_keys.signs_until is 'when its successor begins to sign; null: there is none yet';
comment on column signing_keys.longest_ttl is 'seconds: nothing signed with it is of use for longer, so its public half may leave the key set that long after signs_until';
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE ON public.signing_keys FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

create table status_permutation (
  single boolean not null default true,
  sealed_key bytea not null,
  constraint status_permutation_pkey PRIMARY KEY (single),
  constraint status_permutation_single_check CHECK (single)
);
comment on table status_permutation is 'one row: the key of the permutation that keeps indices from telling the order of issue; for the life of the data';

create table time_ordered_tokens (
  single boolean not null default true,
  since timestamp with time zone not null,
  constraint time_ordered_tokens_pkey PRIMARY KEY (single),
  constraint time_ordered_tokens_single_check CHECK (single)
);
comment on table time_ordered_tokens is 'one row: when instances begin to issue tokens that say when they were made';

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
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone,
  status_list integer,
  status_index integer,
  constraint tokens_pkey PRIMARY KEY (id)
);
alter table tokens set (
  autovacuum_vacuum_scale_factor=0.01,
  autovacuum_vacuum_threshold=20000,
  autovacuum_vacuum_insert_scale_factor=0.01,
  autovacuum_vacuum_insert_threshold=100000,
  autovacuum_vacuum_cost_delay=0,
  vacuum_truncate=off,
  fillfactor=70
);
CREATE INDEX tokens__account_id ON public.tokens USING btree (account_id, created_at) WHERE (account_id IS NOT NULL);
CREATE INDEX tokens__client_id ON public.tokens USING btree (client_id, created_at);
CREATE INDEX tokens__created_at ON public.tokens USING btree (created_at);
CREATE INDEX tokens__expires_at ON public.tokens USING btree (expires_at);
CREATE INDEX tokens__status_list ON public.tokens USING btree (status_list, expires_at) WHERE (status_list IS NOT NULL);
CREATE UNIQUE INDEX tokens__user_code ON public.tokens USING btree (user_code) WHERE (user_code IS NOT NULL);
comment on table tokens is 'every bearer artifact: codes, access and refresh tokens (JWTs too), device codes, pushed requests';
comment on column tokens.id is 'HMAC of the token or of a JWT''s jti; of one that says when it was made, behind six bytes of that';
comment on column tokens.remainder is 'what the protocol engine keeps with a token beyond the typed columns';
comment on column tokens.created_at is 'to the microsecond: what revocation rules compare, where iat has only seconds';
comment on column tokens.last_used_at is 'coarse: written at most once a minute, and when it is consumed';

create table totp (
  account_id uuid not null,
  secret bytea not null,
  last_step bigint not null,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone,
  constraint totp_pkey PRIMARY KEY (account_id),
  constraint totp_account_id_fkey FOREIGN KEY (account_id) REFERENCES users(id) ON DELETE CASCADE
);
comment on column totp.secret is 'sealed under MINTMARK_SECRET_KEYS';
comment on column totp.last_step is 'the time step of the last code accepted: it and all before are used up (RFC 6238 §5.2)';

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
  tokens_from timestamp with time zone not null default '-infinity'::timestamp with time zone,
  policy_id text not null default 'default'::text,
  password_changed_at timestamp with time zone,
  must_change_password boolean not null default false,
  password_version integer not null default 0,
  sign_ins_from timestamp with time zone not null default '-infinity'::timestamp with time zone,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_ordinal_key UNIQUE (ordinal),
  constraint users_username_key_key UNIQUE (username_key),
  constraint users_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES auth_policies(id)
);
CREATE INDEX users__policy_id ON public.users USING btree (policy_id);
comment on column users.username_key is 'NFKC case-folded: Ann and ann are one person';
comment on column users.password_hash is 'Argon2id, or what was imported, until its owner signs in with it';
comment on column users.disabled_until is 'when disabled ends by itself; null with disabled: until an administrator enables';
comment on column users.tokens_from is 'tokens older than this are dead: the user was disabled since';
comment on column users.password_changed_at is 'null: not since the user was made';
comment on column users.password_version is 'counts how often it was set or taken away: what was proved with an earlier one is proved no more';
comment on column users.sign_ins_from is 'what was begun, or finished and not yet fetched, before this is void: the user was signed out everywhere';

create table webhook_attempts (
  id bigint not null generated always as identity,
  delivery_id uuid not null,
  at timestamp with time zone not null,
  duration integer not null,
  status integer,
  error text,
  answer text,
  constraint webhook_attempts_pkey PRIMARY KEY (id),
  constraint webhook_attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries(id) ON DELETE CASCADE
);
CREATE INDEX webhook_attempts__delivery_id ON public.webhook_attempts USING btree (delivery_id, id);
comment on column webhook_attempts.duration is 'milliseconds';
comment on column webhook_attempts.answer is 'the first kilobyte of it; values that were sent are struck out';

create table webhook_deliveries (
  id uuid not null default gen_random_uuid(),
  webhook_id uuid not null,
  event_id bigint not null,
  position bigint not null,
  subject text not null,
  status text not null default 'pending'::text,
  attempts integer not null default 0,
  due_at timestamp with time zone not null default now(),
  gives_up_at timestamp with time zone not null,
  created_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_event_id_fkey FOREIGN KEY (event_id) REFERENCES events(id) ON DELETE CASCADE,
  constraint webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE,
  constraint webhook_deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
);
CREATE UNIQUE INDEX webhook_deliveries__event_id ON public.webhook_deliveries USING btree (event_id, webhook_id);
CREATE INDEX webhook_deliveries__finished_at ON public.webhook_deliveries USING btree (finished_at);
CREATE INDEX webhook_deliveries__listed ON public.webhook_deliveries USING btree (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries__pending ON public.webhook_deliveries USING btree (webhook_id, subject, "position") WHERE (status = 'pending'::text);
comment on column webhook_deliveries.subject is 'the user, else the client: what concerns one subject is delivered in its order';
comment on column webhook_deliveries.gives_up_at is 'what fails after this is dead';

create table webhook_secrets (
  id uuid not null,
  webhook_id uuid not null,
  sealed bytea not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  constraint webhook_secrets_pkey PRIMARY KEY (id),
  constraint webhook_secrets_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE
);
CREATE INDEX webhook_secrets__webhook_id ON public.webhook_secrets USING btree (webhook_id, created_at);
comment on table webhook_secrets is 'what deliveries are signed with: two while one takes the place of the other';

create table webhooks (
  id uuid not null,
  url text not null,
  format text not null,
  event_types text[] not null,
  client_ids text[],
  shared_secret bytea,
  status text not null default 'active'::text,
  paused_reason text,
  position bigint not null,
  failures integer not null default 0,
  failing_since timestamp with time zone,
  rests_until timestamp with time zone,
  last_success_at timestamp with time zone,
  slow boolean not null default false,
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint webhooks_pkey PRIMARY KEY (id),
  constraint webhooks_format_check CHECK ((format = ANY (ARRAY['notification'::text, 'event'::text]))),
  constraint webhooks_paused_reason_check CHECK ((paused_reason = ANY (ARRAY['requested'::text, 'failing'::text, 'gone'::text]))),
  constraint webhooks_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text])))
);
CREATE INDEX webhooks__created_at ON public.webhooks USING btree (created_at, id);
CREATE INDEX webhooks__notifications ON public.webhooks USING btree (id) WHERE (format = 'notification'::text);
comment on column webhooks.shared_secret is 'sealed';
comment on column webhooks.position is 'of the last event that was taken up: what it hears of the later ones becomes deliveries';
comment on column webhooks.failures is 'since the last success';
comment on column webhooks.rests_until is 'nothing is sent before: a target that is down is asked ever more rarely';
comment on column webhooks.slow is 'its last answer took long: it holds up whoever waits for it like one that hangs';
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE OF url, format, event_types, client_ids, shared_secret, status ON public.webhooks FOR EACH STATEMENT EXECUTE FUNCTION announce_change();

create sequence event_positions as bigint increment 1 minvalue 1 maxvalue 9223372036854775807 start 1 cache 1;

create sequence status_entries as bigint increment 512 minvalue 0 maxvalue 9223372036854775807 start 0 cache 1;
comment on sequence status_entries is 'each value begins a block of numbers, one for each JWT access token with a status: its list and, permuted, its index';

create view session_states as
 SELECT id,
    uid,
    kind,
    account_id,
    payload,
    ip,
    user_agent,
    created_at,
    last_used_at,
    expires_at,
    account_id IS NULL OR lasts AS lasts,
    lasts AND NOT is_disabled AS lives
   FROM ( SELECT s_1.id,
            s_1.uid,
            s_1.kind,
            s_1.account_id,
            s_1.payload,
            s_1.ip,
            s_1.user_agent,
            s_1.created_at,
            s_1.last_used_at,
            s_1.expires_at,
            COALESCE(s_1.expires_at > now() AND (l.signed_in_at + '00:00:01'::interval) > u.tokens_from AND (NOT u.disabled OR u.disabled_until IS NULL OR u.disabled_until > now() OR (l.signed_in_at + '00:00:01'::interval) > u.disabled_until) AND (s_1.last_used_at + make_interval(secs => p.session_idle_timeout::double precision)) > now() AND (l.signed_in_at + make_interval(secs => p.session_lifetime::double precision)) > now(), false) AS lasts,
            COALESCE(u.disabled AND (u.disabled_until IS NULL OR u.disabled_until > now()), true) AS is_disabled
           FROM sessions s_1
             LEFT JOIN users u ON u.id = s_1.account_id
             LEFT JOIN auth_policies p ON p.id = u.policy_id
             LEFT JOIN LATERAL ( SELECT to_timestamp((s_1.payload ->> 'loginTs'::text)::double precision) AS signed_in_at) l ON true) s;

create view token_states as
 SELECT id,
    kind,
    format,
    client_id,
    account_id,
    grant_id,
    grant_type,
    scope,
    audience,
    user_code,
    issued_at,
    expires_at,
    consumed_at,
    revoked_at,
    remainder,
    created_at,
    last_used_at,
    status_list,
    status_index,
    stands,
    stands AND NOT (EXISTS ( SELECT 1
           FROM revocation_rules r
          WHERE s.created_at < r.issued_before AND (COALESCE(r.client_id, r.user_id::text, ''::text) = ANY (ARRAY[''::text, s.client_id, s.account_id::text])) AND (r.user_id IS NULL OR r.user_id = s.account_id) AND (r.client_id IS NULL OR r.client_id = s.client_id) AND (r.kind IS NULL OR r.kind = s.kind) AND (r.scope IS NULL OR (r.scope = ANY (string_to_array(s.scope, ' '::text)))) AND (r.audience IS NULL OR r.audience = s.audience OR s.audience IS NULL AND (s.remainder -> 'resource'::text) @> to_jsonb(r.audience)))) AS lives
   FROM ( SELECT t.id,
            t.kind,
            t.format,
            t.client_id,
            t.account_id,
            t.grant_id,
            t.grant_type,
            t.scope,
            t.audience,
            t.user_code,
            t.issued_at,
            t.expires_at,
            t.consumed_at,
            t.revoked_at,
            t.remainder,
            t.created_at,
            t.last_used_at,
            t.status_list,
            t.status_index,
            t.revoked_at IS NULL AND
                CASE
                    WHEN t.kind = 'pat'::text THEN pat_stands(t.id, t.audience, t.created_at, u.policy_id)
                    ELSE c.client_id IS NOT NULL AND NOT c.disabled
                END AND (t.grant_id IS NULL OR g.id IS NOT NULL AND g.revoked_at IS NULL AND (g.access_from IS NULL OR t.kind <> 'access_token'::text OR COALESCE(t.created_at >= ((g.access_from ->> COALESCE(t.audience, ''::text))::timestamp with time zone), true))) AND (t.account_id IS NULL OR u.id IS NOT NULL AND (NOT u.disabled OR COALESCE(u.disabled_until <= LEAST(now(), t.created_at), false))) AS stands
           FROM tokens t
             LEFT JOIN clients c ON c.client_id = t.client_id AND c.tokens_from <= t.created_at
             LEFT JOIN grants g ON g.id = t.grant_id
             LEFT JOIN users u ON u.id = t.account_id AND u.tokens_from <= t.created_at) s;

CREATE OR REPLACE FUNCTION public.announce_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('mintmark', tg_table_name);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.hears(listening webhooks, type text, client_id text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select type = any (listening.event_types)
     and (listening.client_ids is null or client_id = any (listening.client_ids))
     and listening.paused_reason is distinct from 'gone'
$function$;

CREATE OR REPLACE FUNCTION public.keep_what_is_heard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.type = 'webhook.test' then
    return new;
  end if;
  if not exists (select 1 from webhooks w where hears(w, new.type, new.client_id)) then
    return null;
  end if;
  if new.sealed is not null
     and not exists (select 1 from webhooks w where w.format = 'notification' and hears(w, new.type, new.client_id)) then
    new.sealed := null;
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.may_hang(target webhooks)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select target.failures > 0 or target.last_success_at is null or target.slow
$function$;

CREATE OR REPLACE FUNCTION public.pat_stands(of_token bytea, for_audience text, made_at timestamp with time zone, under_policy text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return exists (select 1
                   from pats p
                  where p.token_id = of_token
                    and (p.stands_until is null or p.stands_until > now()))
     -- Not another API of that identifier, registered since.
     and exists (select 1 from apis a where a.identifier = for_audience and a.created_at <= made_at)
     and exists (select 1 from auth_policies o where o.id = under_policy and (o.pats ->> 'allowed')::boolean);
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the audit log is append-only';
end $function$;
