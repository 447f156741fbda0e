import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Accounts } from '#src/accounts/index.ts';
import { formActionFor, type Pages, readEngineForm } from '#src/pages/index.ts';
import { clientFace } from './client-face.ts';

/** RP-initiated logout asks before it signs out: a link on a foreign page must not be enough (RP-Initiated Logout §2). */
export function logoutPages({ accounts, pages }: { accounts: Accounts; pages: Pages }) {
  return {
    async logoutSource(ctx: KoaContextWithOIDC, form: string) {
      const { client, session, params } = ctx.oidc;
      const account = session?.accountId ? await accounts.find(session.accountId) : undefined;
      pages.render(ctx, 'logout', {
        form: readEngineForm(form),
        formAction: formActionFor(params?.post_logout_redirect_uri as string | undefined),
        client: client && clientFace(client),
        username: account?.username,
      });
    },

    async postLogoutSuccessSource(ctx: KoaContextWithOIDC) {
      const { client } = ctx.oidc;
      pages.render(ctx, 'signed-out', { client: client && clientFace(client) });
    },
  };
}
