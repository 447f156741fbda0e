/**
 * Everything that configures or extends the protocol engine, oidc-provider. Hands out one middleware for all protocol
 * endpoints; rebuilds the engine behind it when the signing keys change. Capabilities come in as arguments and never
 * import this room.
 */
import type { JWK } from 'jose';
import type { Context, Middleware } from 'koa';
import compose from 'koa-compose';
import Provider, { type JWKS } from 'oidc-provider';
import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import type { Clients } from '#src/clients/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { StatusLists, TokenList, Tokens } from '#src/tokens/index.ts';
import { compareClientSecrets } from './client-secrets.ts';
import { configuration } from './configuration.ts';
import { type Log, logEvents } from './events.ts';
import { forms } from './forms.ts';
import { PASSWORD_GRANT, PASSWORD_PARAMETERS, passwordGrant } from './grants/password.ts';
import { REFRESH_GRANT, REFRESH_PARAMETERS, refreshGrant } from './grants/refresh-token.ts';
import { inactiveReason } from './inactive-reason.ts';
import { engineGrantHandler } from './internals.ts';
import { jwksCaching } from './jwks-caching.ts';
import { keepJwtAccessTokens } from './jwt-access-tokens.ts';
import { endClientAlone } from './stay-signed-in.ts';
import { structuredTokens } from './structured-tokens.ts';
import { unitOfWork } from './unit-of-work.ts';

export { checkRegistration } from './check-registration.ts';
export { clientFace } from './client-face.ts';
export { createGrant } from './consent.ts';

export interface ProviderDeps {
  readonly issuer: string;
  /** Sign cookies: the first signs, all verify. */
  readonly cookieKeys: readonly string[];
  readonly accounts: Accounts;
  readonly apis: Apis;
  readonly clients: Clients;
  readonly pages: Pages;
  readonly tokens: Tokens;
  readonly keys: Keys;
  readonly statusLists: StatusLists;
  readonly tokenList: TokenList;
}

export interface Engine {
  /** The protocol endpoints, each request in a unit of work. */
  readonly middleware: Middleware;
  /** Around pages of ours that change what the engine keeps. */
  readonly unitOfWork: Middleware;
  /** The engine as it is now; do not hold on to it. */
  current(): Provider;
  /** What to look a presented token up by: itself, or for a JWT of ours a reference to its row. */
  exchangeToken(token: string): Promise<string>;
  close(): void;
}

export function createEngine(deps: ProviderDeps, log: Log): Engine {
  const unit = unitOfWork(deps.tokens, (ctx, refusal) => answerPage(deps.pages, ctx, refusal));
  let built = build(deps, deps.keys.all());
  const stop = deps.keys.onChange(() => {
    built = build(deps, deps.keys.all());
  });

  return {
    middleware: (ctx, next) => built.middleware(ctx, next),
    unitOfWork: unit,
    current: () => built.provider,
    exchangeToken: (token) => built.exchangeToken(token),
    close: stop,
  };

  function build(of: ProviderDeps, jwks: readonly JWK[]) {
    const provider = new Provider(of.issuer, configuration(of, { keys: jwks } as JWKS));
    logEvents(provider, log);
    endClientAlone(provider, of.tokens);
    compareClientSecrets(provider, of.clients);
    keepJwtAccessTokens(provider);
    provider.registerGrantType(
      REFRESH_GRANT,
      refreshGrant(provider, of.tokens, engineGrantHandler(provider, REFRESH_GRANT)) as never,
      REFRESH_PARAMETERS,
      ['resource'],
    );
    provider.registerGrantType(PASSWORD_GRANT, passwordGrant(provider, of) as never, PASSWORD_PARAMETERS, ['resource']);
    const exchangeToken = structuredTokens({ issuer: of.issuer, tokens: of.tokens, publicKeys: jwks.map(publicHalf) });
    return {
      provider,
      exchangeToken,
      middleware: compose([
        unit,
        inactiveReason(of.tokens, of.tokenList),
        jwksCaching,
        forms(exchangeToken),
        ...(provider as unknown as { middleware: Middleware[] }).middleware,
      ]),
    };
  }
}

/** Members of a private JWK (RFC 7518 §6). */
const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

const publicHalf = (jwk: JWK): JWK =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.has(name))) as JWK;

function answerPage(
  pages: Pages,
  ctx: Context,
  { status, error, description }: { status: number; error: string; description: string },
): void {
  pages.render(ctx, 'error', { code: error, detail: description, requestId: String(ctx.state.requestId) }, status);
}
