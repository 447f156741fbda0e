/** When we stop to ask. The engine's prompts, login before consent, with our reasons to sign in again or further. */
import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Factors } from '#src/factors/index.ts';
import { leastOf, proofsOf, rankOf } from '#src/oauth/acr.ts';
import type { Policies } from '#src/policies/index.ts';
import { isAllowedFirst, openQueries } from '#src/sessions/index.ts';
import type { EngineAccount } from './account.ts';

const { Check, Prompt, base } = interactionPolicy;

export interface PolicyDeps {
  readonly policies: Policies;
  readonly factors: Factors;
}

export function policy({ policies, factors }: PolicyDeps): interactionPolicy.DefaultPolicy {
  const prompts = base();
  prompts.add(new Prompt({ name: 'select_account', requestable: true }), 0);
  const checks = prompts.get('login')?.checks;
  checks?.add(
    new Check(
      'account_gone',
      'End-User authentication is required',
      'login_required',
      ({ oidc }: KoaContextWithOIDC) =>
        // The browser still has a session, but its account was disabled or deleted meanwhile.
        oidc.session?.accountId && !oidc.account ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
    ),
  );
  checks?.add(
    new Check('max_age_zero', 'End-User authentication could not be obtained', 'login_required', ({ oidc }) =>
      // Equal to prompt=login (OpenID Connect Core §3.1.2.1); the engine counts whole seconds and would let one pass.
      Number(oidc.params?.max_age) === 0 && !oidc.result?.login ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
    ),
  );
  checks?.add(
    // RFC 9470 §5: an app that needs more asks by acr_values, and is told when it cannot have it.
    new Check(
      'acr',
      'the requested authentication context was not reached',
      'unmet_authentication_requirements',
      ({ oidc }) =>
        oidc.session?.accountId && rankOf(oidc.session.acr) < rankOf(leastOf(oidc.params?.acr_values as string))
          ? Check.REQUEST_PROMPT
          : Check.NO_NEED_TO_PROMPT,
    ),
  );
  checks?.add(
    // What is demanded is what the policy says today, not what it said when the session began.
    new Check('policy', 'End-User authentication is required', 'login_required', async ({ oidc }) => {
      const account = oidc.account as EngineAccount | undefined;
      if (!account) return Check.NO_NEED_TO_PROMPT;
      const [demanded, enrolled] = await Promise.all([policies.get(account.policyId), factors.of(account.accountId)]);
      const proofs = proofsOf(oidc.session?.amr ?? []);
      const open = openQueries({ policy: demanded, enrolled, proofs, wantsNewPassword: false, acr: undefined });
      const suffices = isAllowedFirst(demanded, proofs) && open.queries.length === 0 && !open.stuck;
      return suffices ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  return prompts;
}
