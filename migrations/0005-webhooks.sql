-- Webhooks: who is told of what, and what became of telling them. What there is to tell are the rows of `events`.

alter table events
  add column uid uuid not null default gen_random_uuid(),
  add column sealed bytea,
  add column position bigint,
  -- Not when its transaction began: a webhook may have been made since, and hears of what is written from then on.
  alter column created_at set default clock_timestamp();
create sequence event_positions;
update events
   set position = placed.position
  from (select id, nextval('event_positions') as position from (select id from events order by id) e) placed
 where events.id = placed.id;
create unique index events__position on events (position);
create index events__unplaced on events (id) where position is null;
create index events__sealed on events (created_at) where sealed is not null;
comment on table events is 'what happened, written with what made it happen, while somebody listens; never a token value in clear';
comment on column events.uid is 'webhook-id: the same on every try';
comment on column events.sealed is 'the body of a notification, which holds tokens; erased when nobody waits for it any more';
comment on column events.position is 'in order of commit: ids are taken before, so the row of a smaller one may appear later';

create table webhooks (
  id              uuid primary key,
  url             text not null,
  format          text not null check (format in ('notification', 'event')),
  event_types     text[] not null,
  client_ids      text[],
  shared_secret   bytea,
  status          text not null default 'active' check (status in ('active', 'paused')),
  paused_reason   text check (paused_reason in ('requested', 'failing', 'gone')),
  position        bigint not null,
  failures        integer not null default 0,
  failing_since   timestamptz,
  rests_until     timestamptz,
  last_success_at timestamptz,
  slow            boolean not null default false,
  created_by      text not null,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
);
create index webhooks__created_at on webhooks (created_at, id);
-- Of a thousand that take events, none has to be asked whether it takes notifications.
create index webhooks__notifications on webhooks (id) where format = 'notification';
comment on column webhooks.shared_secret is 'sealed';
comment on column webhooks.position is 'of the last event that was taken up: what it hears of the later ones becomes deliveries';
comment on column webhooks.failures is 'since the last success';
comment on column webhooks.slow is 'its last answer took long: it holds up whoever waits for it like one that hangs';
comment on column webhooks.rests_until is 'nothing is sent before: a target that is down is asked ever more rarely';
-- Only what a person changes: what is written with every delivery is nobody's news.
create trigger announce
  after insert or delete or update of url, format, event_types, client_ids, shared_secret, status on webhooks
  for each statement execute function announce_change();

create table webhook_secrets (
  id          uuid primary key,
  webhook_id  uuid not null references webhooks (id) on delete cascade,
  sealed      bytea not null,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz
);
create index webhook_secrets__webhook_id on webhook_secrets (webhook_id, created_at);
comment on table webhook_secrets is 'what deliveries are signed with: two while one takes the place of the other';

create table webhook_deliveries (
  id           uuid primary key default gen_random_uuid(),
  webhook_id   uuid not null references webhooks (id) on delete cascade,
  event_id     bigint not null references events (id) on delete cascade,
  position     bigint not null,
  subject      text not null,
  status       text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
  attempts     integer not null default 0,
  due_at       timestamptz not null default now(),
  gives_up_at  timestamptz not null,
  created_at   timestamptz not null default now(),
  finished_at  timestamptz
);
create unique index webhook_deliveries__event_id on webhook_deliveries (event_id, webhook_id);
create index webhook_deliveries__listed on webhook_deliveries (webhook_id, created_at, id);
create index webhook_deliveries__pending on webhook_deliveries (webhook_id, subject, position) where status = 'pending';
create index webhook_deliveries__finished_at on webhook_deliveries (finished_at);
comment on column webhook_deliveries.subject is 'the user, else the client: what concerns one subject is delivered in its order';
comment on column webhook_deliveries.gives_up_at is 'what fails after this is dead';

create table webhook_attempts (
  id           bigint generated always as identity primary key,
  delivery_id  uuid not null references webhook_deliveries (id) on delete cascade,
  at           timestamptz not null,
  duration     integer not null,
  status       integer,
  error        text,
  answer       text
);
create index webhook_attempts__delivery_id on webhook_attempts (delivery_id, id);
comment on column webhook_attempts.duration is 'milliseconds';
comment on column webhook_attempts.answer is 'the first kilobyte of it; values that were sent are struck out';

-- Whether a webhook is told of such an event. One whose target said that it is gone waits for nothing.
create function hears(listening webhooks, type text, client_id text) returns boolean
language sql immutable as $$
  select type = any (listening.event_types)
     and (listening.client_ids is null or client_id = any (listening.client_ids))
     and listening.paused_reason is distinct from 'gone'
$$;

-- Whether a target may keep whoever sends to it waiting: it fails, never succeeded, or takes its time. Of these only so
-- many are worked on at once.
create function may_hang(target webhooks) returns boolean
language sql immutable as $$
  select target.failures > 0 or target.last_success_at is null or target.slow
$$;

-- Nothing is written when nobody listens, and no token that nobody is to receive.
create function keep_what_is_heard() returns trigger language plpgsql as $$
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
end $$;
create trigger heard before insert on events
  for each row execute function keep_what_is_heard();
