-- How people sign in: what is demanded of them, what they can prove it with, and what was done by whom.

create table auth_policies (
  id                    text primary key,
  ordinal               bigint generated always as identity unique,
  name                  text not null,
  tags                  jsonb not null default '{}',
  primary_methods       jsonb not null,
  secondary             jsonb not null,
  session_idle_timeout  integer not null check (session_idle_timeout > 0),
  session_lifetime      integer not null check (session_lifetime > 0),
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now()
);
comment on column auth_policies.primary_methods is '{updb, webauthn, cert, ext_jwt}: which first proofs are taken, and the rules for passwords';
comment on column auth_policies.secondary is 'which second factor is demanded, and whether it may be enrolled while signing in';
comment on column auth_policies.session_idle_timeout is 'seconds without use';
comment on column auth_policies.session_lifetime is 'seconds from the sign-in, however much it is used';
create trigger announce after insert or update or delete on auth_policies
  for each statement execute function announce_change();

insert into auth_policies (id, name, primary_methods, secondary, session_idle_timeout, session_lifetime)
values ('default', 'Default',
        '{"updb": {"allowed": true, "min_password_length": 8, "require_special_char": false,
                   "require_number_char": false, "require_mixed_case": false,
                   "max_attempts": 10, "lockout_duration": 900},
          "webauthn": {"allowed": true},
          "cert": {"allowed": false, "allow_expired_certs": false},
          "ext_jwt": {"allowed": false, "allowed_signers": null}}',
        '{"require_any": false, "require_totp": false, "require_webauthn": false, "require_ext_jwt_signer": null,
          "allow_enrollment": true}',
        1209600, 2592000);

alter table users
  add column policy_id text not null default 'default' references auth_policies,
  add column password_changed_at timestamptz,
  add column must_change_password boolean not null default false,
  add column password_version integer not null default 0,
  add column sign_ins_from timestamptz not null default '-infinity';
create index users__policy_id on users (policy_id);
comment on column users.password_changed_at is 'null: not since the user was made';
comment on column users.password_version is 'counts how often it was set or taken away: what was proved with an earlier one is proved no more';
comment on column users.sign_ins_from is 'what was begun, or finished and not yet fetched, before this is void: the user was signed out everywhere';
comment on column users.password_hash is 'Argon2id, or what was imported, until its owner signs in with it';

create table guesses (
  subject        bytea primary key,
  account_id     uuid references users on delete cascade,
  proof          text not null,
  failures       integer not null,
  last_at        timestamptz not null,
  blocked_until  timestamptz
);
create index guesses__account_id on guesses (account_id) where account_id is not null;
create index guesses__last_at on guesses (last_at);
comment on table guesses is 'wrong passwords, and codes until they are found right; names nobody has are counted too';
comment on column guesses.subject is 'digest of what is guarded: a proof of an account, for one known device or for all others; an HMAC of a name that nobody has';
comment on column guesses.blocked_until is 'infinity: until an administrator';

create table devices (
  id            bytea not null,
  account_id    uuid not null references users on delete cascade,
  created_at    timestamptz not null default now(),
  last_used_at  timestamptz not null default now(),
  primary key (id, account_id)
);
create index devices__account_id on devices (account_id);
create index devices__last_used_at on devices (last_used_at);
comment on table devices is 'browsers somebody has signed in with: what strangers guess does not shut them out; id is the digest of their cookie';

create table totp (
  account_id    uuid primary key references users on delete cascade,
  secret        bytea not null,
  last_step     bigint not null,
  created_at    timestamptz not null default now(),
  last_used_at  timestamptz
);
comment on column totp.secret is 'sealed under MINTMARK_SECRET_KEYS';
comment on column totp.last_step is 'the time step of the last code accepted: it and all before are used up (RFC 6238 §5.2)';

create table recovery_codes (
  account_id  uuid not null references users on delete cascade,
  digest      bytea not null,
  created_at  timestamptz not null default now(),
  used_at     timestamptz,
  primary key (account_id, digest)
);

create table passkeys (
  id             text primary key,
  account_id     uuid not null references users on delete cascade,
  credential_id  bytea not null unique,
  public_key     bytea not null,
  counter        bigint not null,
  transports     text[] not null default '{}',
  backed_up      boolean not null,
  name           text not null,
  created_at     timestamptz not null default now(),
  last_used_at   timestamptz
);
create index passkeys__account_id on passkeys (account_id);

create table password_resets (
  id          bytea primary key,
  account_id  uuid not null references users on delete cascade,
  mailed      boolean not null,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null
);
create index password_resets__account_id on password_resets (account_id);
create index password_resets__expires_at on password_resets (expires_at);
comment on table password_resets is 'one-time links, by the digest of the link; using one ends the others of its account';

create table sign_ins (
  id                   bytea primary key,
  account_id           uuid not null references users on delete cascade,
  proofs               text[] not null,
  authenticated_at     timestamptz not null,
  password_version     integer,
  wants_new_password   boolean not null default false,
  acr                  text,
  client_id            text,
  request              jsonb not null default '{}',
  created_at           timestamptz not null default now(),
  expires_at           timestamptz not null
);
create index sign_ins__expires_at on sign_ins (expires_at);
create index sign_ins__account_id on sign_ins (account_id);
comment on table sign_ins is 'begun and not finished: what somebody has proved so far. No session comes of a row before nothing is asked any more';
comment on column sign_ins.id is 'digest of what its owner holds: an interaction, a session token to be, or a token of the password grant';

-- Where and how somebody signed in, and when it was last used. A browser's id changes with each sign-in; its uid stays.
alter table sessions
  add column kind text not null default 'browser',
  add column ip text,
  add column user_agent text,
  add column created_at timestamptz not null default now(),
  add column last_used_at timestamptz not null default now();
comment on column sessions.kind is 'browser: its cookie; api: a session token of the headless sign-in';

create table handovers (
  id           bytea primary key,
  interaction  bytea not null unique,
  uid          bytea not null,
  answer       jsonb,
  verifier     bytea unique,
  expires_at   timestamptz not null
);
create index handovers__expires_at on handovers (expires_at);
comment on table handovers is 'authorization requests that an external login application finishes; id is the digest of the ticket it received';
comment on column handovers.uid is 'the interaction''s uid, sealed: the way back';
comment on column handovers.verifier is 'digest of what the browser brings back from the login application: the browser that started must end it';

create table audit_log (
  id          bigint generated always as identity primary key,
  at          timestamptz not null default now(),
  actor       text not null,
  action      text not null,
  target      text,
  outcome     text not null check (outcome in ('success', 'failure')),
  reason      text,
  ip          text,
  user_agent  text,
  data        jsonb not null default '{}'
);
create index audit_log__target on audit_log (target, id) where target is not null;
create index audit_log__actor on audit_log (actor, id);
create index audit_log__action on audit_log (action, id);
create index audit_log__at on audit_log (at);
comment on table audit_log is 'who did what to whom, from where, and how it ended; rows are added and never changed';
comment on column audit_log.target is 'kind and id: user:…, client:…, auth_policy:…';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only';
end $$;
create trigger append_only before update or delete on audit_log
  for each row execute function refuse_change();
create trigger no_truncate before truncate on audit_log
  for each statement execute function refuse_change();

-- The one place that says when a session is good: expiry, its policy's limits as they are now, and what ended its user's.
-- `lasts`: it is the sign-in of somebody who may come back. `lives`: and they are not disabled at this moment.
create view session_states as
select s.id, s.uid, s.kind, s.account_id, s.payload, s.ip, s.user_agent, s.created_at, s.last_used_at, s.expires_at,
       s.account_id is null or s.lasts as lasts,
       s.lasts and not s.is_disabled as lives
  from (
    select s.id, s.uid, s.kind, s.account_id, s.payload, s.ip, s.user_agent, s.created_at, s.last_used_at, s.expires_at,
           -- `loginTs` counts whole seconds: a sign-in within the second of an enabling is taken for a later one.
           coalesce(
             s.expires_at > now()
             and l.signed_in_at + interval '1 second' > u.tokens_from
             and (not u.disabled or u.disabled_until is null or u.disabled_until > now()
                  or l.signed_in_at + interval '1 second' > u.disabled_until)
             and s.last_used_at + make_interval(secs => p.session_idle_timeout) > now()
             and l.signed_in_at + make_interval(secs => p.session_lifetime) > now(), false) as lasts,
           coalesce(u.disabled and (u.disabled_until is null or u.disabled_until > now()), true) as is_disabled
      from sessions s
      left join users u on u.id = s.account_id
      left join auth_policies p on p.id = u.policy_id
      left join lateral (select to_timestamp((s.payload ->> 'loginTs')::float8) as signed_in_at) l on true
  ) s;
