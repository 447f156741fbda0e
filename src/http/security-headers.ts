import type { Middleware } from './state.ts';

/** Two years, the least that browsers' preload lists take; without includeSubDomains, which is not ours to decide. */
const STRICT_TRANSPORT_SECURITY = 'max-age=63072000';

/** The strictest defaults; a page that shows something replaces the Content-Security-Policy by its own. */
export function securityHeaders({ issuer }: { issuer: string }): Middleware {
  const headers = strictHeaders(issuer);
  return async (ctx, next) => {
    ctx.set(headers);
    await next();
  };
}

export function strictHeaders(issuer: string): Record<string, string> {
  return {
    // The engine adds the hash of its auto-submitting forms to a script-src that it finds, and 'none' must stand alone:
    // 'report-sample' allows nothing either and may have company.
    'Content-Security-Policy': "default-src 'none'; script-src 'report-sample'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    ...(issuer.startsWith('https:') && { 'Strict-Transport-Security': STRICT_TRANSPORT_SECURITY }),
  };
}
