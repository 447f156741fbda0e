-- A refresh ends the access tokens that its grant had for the same API. Written into each of them, it was a new version of
-- the row in every index of the largest table there is; said by their grant, it is one small row that stays where it is.
alter table grants add column access_from jsonb;
comment on column grants.access_from is 'by audience, '''' for none: access tokens older than this are dead, a refresh gave newer ones';
drop index tokens__access_of_grant;

-- Room in each page for the next version of a row: one that changes no indexed column then needs nothing in any index.
alter table grants set (fillfactor = 80);
alter table tokens set (fillfactor = 95);

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
           and (t.grant_id is null
                or (g.id is not null
                    and g.revoked_at is null
                    and (g.access_from is null
                         or t.kind <> 'access_token'
                         or coalesce(t.created_at >= (g.access_from ->> coalesce(t.audience, ''))::timestamptz, true))))
           -- disabled_until is null: until somebody enables. Once it has passed, what was issued before stays dead.
           and (t.account_id is null
                or (u.id is not null and (not u.disabled or coalesce(u.disabled_until <= least(now(), t.created_at), false))))
             as stands
      from tokens t
      left join clients c on c.client_id = t.client_id and c.tokens_from <= t.created_at
      left join grants g on g.id = t.grant_id
      left join users u on u.id = t.account_id and u.tokens_from <= t.created_at
  ) s;
