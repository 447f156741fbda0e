-- Personal access tokens: tokens like all others, of kind `pat`, with what their owners know them by.

alter table auth_policies
  add column pats jsonb not null default '{"allowed": true, "max_days": null}';
comment on column auth_policies.pats is 'whether users may have personal access tokens, and for how long; max_days null: as the server is set';

create table pats (
  token_id      bytea primary key,
  account_id    uuid not null,
  name          text not null,
  family        bytea not null,
  lifetime      integer not null,
  ip            text,
  user_agent    text,
  last_used_ip  text,
  replaced_at   timestamptz,
  stands_until  timestamptz,
  warned_at     timestamptz,
  created_at    timestamptz not null,
  expires_at    timestamptz not null
);
create index pats__account_id on pats (account_id, created_at);
create index pats__created_at on pats (created_at);
create index pats__expires_at on pats (expires_at);
create index pats__family on pats (family);
comment on table pats is 'beside each row of tokens of kind pat; no foreign keys: tokens are removed by the million, and their owners too';
comment on column pats.family is 'token_id of the first of those that replaced one another';
comment on column pats.lifetime is 'seconds: what a successor gets';
comment on column pats.stands_until is 'set with replaced_at: until then both are good, and its use after that ends the family';

-- What a personal access token lives by beside what all tokens do: no registered client, but what its owner may do today.
-- Not in SQL, which would be planned anew with each look-up of any token: most of them are others.
create function pat_stands(of_token bytea, for_audience text, made_at timestamptz, under_policy text) returns boolean
language plpgsql stable as $$
begin
  return exists (select 1
                   from pats p
                  where p.token_id = of_token
                    and (p.stands_until is null or p.stands_until > now()))
     -- Not another API of that identifier, registered since.
     and exists (select 1 from apis a where a.identifier = for_audience and a.created_at <= made_at)
     and exists (select 1 from auth_policies o where o.id = under_policy and (o.pats ->> 'allowed')::boolean);
end $$;

create or replace view token_states as
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
           and case
                 when t.kind = 'pat' then pat_stands(t.id, t.audience, t.created_at, u.policy_id)
                 else c.client_id is not null and not c.disabled
               end
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
