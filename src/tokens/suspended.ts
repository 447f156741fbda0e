import { isMatched } from './rule-match.ts';

/**
 * A personal access token that is good for nothing as things are and may be again: none are accepted here, or its owner's
 * policy allows none, or its API has none of its scopes any more. Not one that something else has ended as well, for good:
 * whoever looks for what is still out there must find the one and may forget the other.
 *
 * @param t the alias of a row of token_states that was not revoked by name and has not expired
 * @param accepted the parameter that says whether any are accepted here
 */
export const isSuspended = (t: string, accepted: string): string => `
  (${t}.kind = 'pat' and case
     when ${t}.lives then
       not ${accepted}::boolean
       or not exists (
            select 1
              from apis a
             where a.identifier = ${t}.audience
               -- What people may do with their own account here is not among an API's scopes, and is never taken away.
               and (a.built_in
                    or exists (
                         select 1
                           from jsonb_array_elements(a.scopes) d
                          where d ->> 'name' = any (string_to_array(${t}.scope, ' ')))))
     else
       exists (
         select 1
           from pats p
           join users u on u.id = ${t}.account_id
           join auth_policies o on o.id = u.policy_id
           join apis a on a.identifier = ${t}.audience
          where p.token_id = ${t}.id
            and not (o.pats ->> 'allowed')::boolean
            -- As the view token_states and the function pat_stands have it.
            and (p.stands_until is null or p.stands_until > now())
            and a.created_at <= ${t}.created_at
            and u.tokens_from <= ${t}.created_at
            and (not u.disabled or coalesce(u.disabled_until <= least(now(), ${t}.created_at), false)))
       and not exists (select 1 from revocation_rules r where ${isMatched(t)})
   end)`;
