/**
 * Everything that configures or extends the protocol engine, oidc-provider. Hands out one middleware for all protocol
 * endpoints; rebuilds the engine behind it when the signing keys change. Capabilities come in as arguments and never
 * import this room.
 */
import type { JWK } from 'jose';
import type { Context, Middleware } from 'koa';
import compose from 'koa-compose';
import Provider, { type JWKS } from 'oidc-provider';
import type { Pages } from '#src/pages/index.ts';
import { type SignInRequest, signInUrl } from './account-client.ts';
import { authorizeByPost } from './authorize-by-post.ts';
import { type BrowserSession, browserSession } from './browser-session.ts';
import { configuration } from './configuration.ts';
import type { ProviderDeps } from './deps.ts';
import { spoilEmptyNonces } from './empty-nonces.ts';
import { correctErrorCodes } from './error-codes.ts';
import type { Log } from './events.ts';
import { extend } from './extend.ts';
import { forgetRefused } from './forget-refused.ts';
import { forms } from './forms.ts';
import { tellMfaToken } from './grants/mfa-required.ts';
import { inactiveReason } from './inactive-reason.ts';
import { introspectPats } from './introspect-pats.ts';
import { exchangePats } from './presented-pats.ts';
import { published } from './published.ts';
import { structuredTokens } from './structured-tokens.ts';
import { tellIssued } from './tell-issued.ts';
import { unitOfWork } from './unit-of-work.ts';

export type { SignInRequest } from './account-client.ts';
export type { BrowserSession } from './browser-session.ts';
export { checkRegistration } from './check-registration.ts';
export { clientFace } from './client-face.ts';
export { createGrant } from './consent.ts';

export interface Engine {
  /** The protocol endpoints, each request in a unit of work. */
  readonly middleware: Middleware;
  /** Around pages of ours that change what the engine keeps. */
  readonly unitOfWork: Middleware;
  /** The engine as it is now; do not hold on to it. */
  current(): Provider;
  /** Who is signed in at the browser that sent this request. */
  sessionOf(ctx: Context): Promise<BrowserSession | undefined>;
  /** Where to send a browser to sign in and come back to a page of ours. */
  signInUrl(request: SignInRequest): string;
  /** What to look a presented token up by: itself, or for a JWT of ours a reference to its row. */
  exchangeToken(token: string): Promise<string>;
  close(): void;
}

export function createEngine(deps: ProviderDeps, log: Log): Engine {
  const unit = unitOfWork(deps, (ctx, refusal) => answerPage(deps.pages, ctx, refusal));
  let built = build(deps, deps.keys.all());
  const stop = deps.keys.onChange(() => {
    built = build(deps, deps.keys.all());
  });

  return {
    middleware: (ctx, next) => built.middleware(ctx, next),
    unitOfWork: unit,
    current: () => built.provider,
    sessionOf: (ctx) => browserSession(built.provider, deps, ctx),
    signInUrl: (request) => signInUrl(deps.issuer, request),
    exchangeToken: (token) => built.exchangeToken(token),
    close: stop,
  };

  function build(of: ProviderDeps, jwks: readonly JWK[]) {
    const provider = new Provider(of.issuer, configuration(of, { keys: jwks } as JWKS));
    extend(provider, of, log);
    const exchangeToken = exchangePats(of, structuredTokens(of));
    return {
      provider,
      exchangeToken,
      middleware: compose([
        published(),
        unit,
        tellIssued(of.tokens, of.webhooks),
        forgetRefused(of.tokens),
        correctErrorCodes(of.issuer),
        tellMfaToken,
        authorizeByPost,
        inactiveReason(of.tokens, of.tokenList),
        introspectPats(of),
        forms(exchangeToken),
        spoilEmptyNonces,
        ...(provider as unknown as { middleware: Middleware[] }).middleware,
      ]),
    };
  }
}

function answerPage(
  pages: Pages,
  ctx: Context,
  { status, error, description }: { status: number; error: string; description: string },
): void {
  pages.render(ctx, 'error', { code: error, detail: description, requestId: String(ctx.state.requestId) }, status);
}
