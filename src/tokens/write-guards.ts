/**
 * The guards of the statements that write units. Each of these begins with a relation `unit`, one row of each unit, and
 * writes only what belongs to those that have `passed`.
 */

/** Burns the proof of possession even when another guard fails: it has been presented. */
export const UNSEEN = `
unseen as (
  insert into replays (id, expires_at)
  select replay, replay_expires_at from unit where replay is not null
  on conflict (id) do nothing
  returning id
)`;

/**
 * Client, user and grant are locked, so a revocation or a disabling that is just being committed is waited for, and wins.
 * Each are locked in one scan by a list, not unit by unit: by an index all batches take them in the same order, and two that do
 * not are tried again (`retrying`).
 *
 * @param lock of the grants. For their update at once, where they will be updated: two that hold one for share would wait for
 *   each other
 */
export const letIn = (lock: 'share' | 'no key update'): string => `
clients_let_in as materialized (
  select c.client_id
    from clients c
   where c.client_id = any(array(select client_id from unit))
     and not c.disabled
     for share
), users_let_in as materialized (
  select u.id
    from users u
   where u.id = any(array(select account_id from unit))
     and (not u.disabled or u.disabled_until <= now())
     for share
), grants_let_in as materialized (
  select g.id
    from grants g
   where g.id = any(array(select grant_id from unit))
     and g.revoked_at is null
     for ${lock}
)`;

export const IS_LET_IN = `
         (unit.replay is null or unit.replay in (select id from unseen))
     and (unit.client_id is null or unit.client_id in (select client_id from clients_let_in))
     and (unit.account_id is null or unit.account_id in (select id from users_let_in))
     and (unit.grant_id is null or unit.grant_id in (select id from grants_let_in))`;

/**
 * The compare-and-set of single use, of a token that no rule takes back at this moment: a refresh that was looked up before
 * a rule was written must not carry what it stands for past it.
 */
export const PASSED = `
consumed as (
  update tokens t
     set consumed_at = now(), last_used_at = now()
    from living
   where t.id = living.consumes
     and t.consumed_at is null
     and t.revoked_at is null
     and (select s.lives from token_states s where s.id = t.id)
  returning living.no
), passed as materialized (
  select *
    from living
   where consumes is null or no in (select no from consumed)
)`;
