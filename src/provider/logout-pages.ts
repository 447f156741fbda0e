import type { KoaContextWithOIDC } from 'oidc-provider';
import { formActionFor, type Pages, readEngineForm } from '#src/pages/index.ts';
import { clientFace } from './client-face.ts';

/** RP-initiated logout asks before it signs out: a link on a foreign page must not be enough (RP-Initiated Logout §2). */
export function logoutPages(pages: Pages) {
  return {
    async logoutSource(ctx: KoaContextWithOIDC, form: string) {
      const { client, session } = ctx.oidc;
      const { postLogoutRedirectUri } = session?.state as { postLogoutRedirectUri?: string };
      pages.render(ctx, 'logout', {
        form: readEngineForm(form),
        formAction: formActionFor(postLogoutRedirectUri),
        client: client && clientFace(client),
      });
    },

    async postLogoutSuccessSource(ctx: KoaContextWithOIDC) {
      const { client } = ctx.oidc;
      pages.render(ctx, 'signed-out', { client: client && clientFace(client) });
    },
  };
}
