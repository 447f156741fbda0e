import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';

const { Check, base } = interactionPolicy;

/** When we stop to ask. The engine's prompts, login before consent, with one more reason to sign in. */
export function policy(): interactionPolicy.DefaultPolicy {
  const prompts = base();
  prompts.get('login')?.checks.add(
    new Check(
      'account_gone',
      'End-User authentication is required',
      'login_required',
      ({ oidc }: KoaContextWithOIDC) =>
        // The browser still has a session, but its account was disabled or deleted meanwhile.
        oidc.session?.accountId && !oidc.account ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
    ),
  );
  prompts.get('login')?.checks.add(
    new Check('max_age_zero', 'End-User authentication could not be obtained', 'login_required', ({ oidc }) =>
      // Equal to prompt=login (OpenID Connect Core §3.1.2.1); the engine counts whole seconds and would let one pass.
      Number(oidc.params?.max_age) === 0 && !oidc.result?.login ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
    ),
  );
  return prompts;
}
