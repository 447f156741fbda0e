import type { AccountPage } from '../page.ts';

/** To the engine, which asks once more, tells the applications, and ends the session. */
export function signOutPage(): AccountPage {
  return {
    path: '/account/sign-out',
    fresh: false,
    submit: async () => ({ to: '/oauth/logout' }),
  };
}
