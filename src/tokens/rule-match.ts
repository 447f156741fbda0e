/** Which tokens the revocation rule `r` takes back, as the view token_states has it. @param t the token's alias */
export const isMatched = (t: string): string => `
  ${t}.created_at < r.issued_before
  and coalesce(r.client_id, r.user_id::text, '') in ('', ${t}.client_id, ${t}.account_id::text)
  and (r.user_id is null or r.user_id = ${t}.account_id)
  and (r.client_id is null or r.client_id = ${t}.client_id)
  and (r.kind is null or r.kind = ${t}.kind)
  and (r.scope is null or r.scope = any (string_to_array(${t}.scope, ' ')))
  and (r.audience is null
       or r.audience = ${t}.audience
       or (${t}.audience is null and ${t}.remainder -> 'resource' @> to_jsonb(r.audience)))`;
