import type { KoaContextWithOIDC } from 'oidc-provider';
import { deviceProblem, type Pages, readEngineForm } from '#src/pages/index.ts';
import { clientFace } from './client-face.ts';

/** The device flow's three pages (RFC 8628 §3.3). */
export function deviceFlowPages(pages: Pages) {
  return {
    charset: 'base-20' as const,
    mask: '****-****',

    userCodeInputSource(ctx: KoaContextWithOIDC, form: string, _out: unknown, error?: Error) {
      pages.render(
        ctx,
        'device',
        { form: readEngineForm(form), problem: deviceProblem(error) },
        error ? ctx.status : 200,
      );
    },

    userCodeConfirmSource(
      ctx: KoaContextWithOIDC,
      form: string,
      client: Parameters<typeof clientFace>[0],
      deviceInfo: Record<string, unknown>,
      userCode: string,
    ) {
      pages.render(ctx, 'device-confirm', {
        form: readEngineForm(form),
        client: clientFace(client),
        userCode,
        device: { ip: text(deviceInfo.ip), userAgent: text(deviceInfo.ua) },
      });
    },

    successSource(ctx: KoaContextWithOIDC) {
      const { client } = ctx.oidc;
      if (!client) throw new Error('the engine finished a device flow without a client');
      pages.render(ctx, 'device-done', { client: clientFace(client) });
    },
  };
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
