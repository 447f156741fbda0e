-- Tokens say when they were made, and their ids begin so: what is issued at one time lies together in the primary key. An
-- instance of before this looks for such a token under another id and finds nothing, so it is given an hour to end. Where
-- there is no client there is no instance.
create table time_ordered_tokens (
  single  boolean primary key default true check (single),
  since   timestamptz not null
);
comment on table time_ordered_tokens is 'one row: when instances begin to issue tokens that say when they were made';
insert into time_ordered_tokens (since)
select case when exists (select from clients) then now() + interval '1 hour' else now() end;
comment on column tokens.id is 'HMAC of the token or of a JWT''s jti; of one that says when it was made, behind six bytes of that';
comment on column tokens.last_used_at is 'coarse: written at most once a minute, and when it is consumed';
