import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import type { Pages } from '#src/pages/index.ts';
import { clientFace } from './client-face.ts';

/** What a browser sees of an error that must not be redirected: above all a bad client_id or redirect_uri. */
export function renderError(pages: Pages) {
  return (ctx: KoaContextWithOIDC, { error, error_description: detail }: ErrorOut): void => {
    const client = ctx.oidc?.client;
    const data = { code: error, detail, requestId: String(ctx.state.requestId), client: client && clientFace(client) };
    pages.render(ctx, 'error', data, ctx.status);
  };
}
