-- Tokens say when they were made, and their ids begin so: what is issued at one time lies together in the primary key. An
-- instance of before this looks for such a token under another id and finds nothing, so it is given an hour to end. Where
-- there is no client there is no instance.
create table dated_tokens (
  since  timestamptz not null
);
comment on table dated_tokens is 'one row: when instances begin to issue tokens that say when they were made';
insert into dated_tokens
select case when exists (select from clients) then now() + interval '1 hour' else now() end;
comment on column tokens.id is 'HMAC of the token or of a JWT''s jti; of one that says when it was made, behind these six bytes';
