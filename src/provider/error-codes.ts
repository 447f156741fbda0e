import type { Middleware } from 'koa';

interface Correction {
  readonly status: number;
  readonly error: string;
}

/**
 * Refusals for which RFC 6749 §5.2 has codes of their own and the engine says `invalid_request`. They are known by
 * the engine's words only; the tests of both codes in `test/endpoints` fail when it changes them.
 */
const CORRECTIONS: Readonly<Record<string, Correction>> = {
  'requested grant type is not allowed for this client': { status: 400, error: 'unauthorized_client' },
  'urn:ietf:params:oauth:grant-type:device_code is not allowed for this client': {
    status: 400,
    error: 'unauthorized_client',
  },
  'no client authentication mechanism provided': { status: 401, error: 'invalid_client' },
};

export const correctErrorCodes =
  (issuer: string): Middleware =>
  async (ctx, next) => {
    await next();
    const body = ctx.body as { error?: unknown; error_description?: unknown } | undefined;
    if (body?.error !== 'invalid_request') return;
    const correction = CORRECTIONS[String(body.error_description)];
    if (!correction) return;
    ctx.status = correction.status;
    ctx.body = { ...body, error: correction.error };
    // RFC 6749 §5.2: with 401 goes a challenge; Basic is what every endpoint takes.
    if (correction.status === 401) ctx.set('WWW-Authenticate', `Basic realm="${issuer}", error="invalid_client"`);
  };
