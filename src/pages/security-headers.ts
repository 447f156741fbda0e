export interface Headed {
  set(headers: Record<string, string>): void;
}

interface PageNeeds {
  readonly formAction: readonly string[];
  /** Our own script, and never one that stands in the page. */
  readonly scripted: boolean;
}

/**
 * Confines a page: no script where none is needed, only our stylesheet, no framing (clickjacked consent), nothing kept by
 * caches.
 *
 * `same-origin` and not `no-referrer`: under the latter browsers send `Origin: null` with a form post, and our own forms
 * would be refused as foreign.
 */
export function setPageHeaders(ctx: Headed, needs: PageNeeds): void {
  ctx.set({
    'Content-Security-Policy': contentSecurityPolicy(needs),
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
}

/**
 * The sources a page must allow when posting its form may end in a redirect to `redirectUri`.
 *
 * Browsers hold a form post's whole redirect chain against `form-action`, including the hops an app makes after its
 * callback (id.example → api.example/callback → www.example). The redirect URI's origin alone would therefore leave such
 * people on a dead button; its scheme is the narrowest source that does not depend on what the app does next.
 */
export function formActionFor(redirectUri: string | undefined): string[] {
  const scheme = redirectUri && URL.parse(redirectUri)?.protocol;
  if (!scheme) return [];
  return scheme === 'http:' ? ['http:', 'https:'] : [scheme];
}

function contentSecurityPolicy({ formAction, scripted }: PageNeeds): string {
  const broken = formAction.find((source) => /[\s;,]/.test(source));
  if (broken !== undefined) throw new TypeError(`not a source expression: ${broken}`);
  return [
    "default-src 'none'",
    ...(scripted ? ["script-src 'self'"] : []),
    "style-src 'self'",
    "img-src 'self' https: data:",
    `form-action ${["'self'", ...formAction].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
