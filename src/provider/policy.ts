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
  return prompts;
}
