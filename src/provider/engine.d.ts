/** A private file of the engine that its published types leave out. Used by `internals.ts` only. */
declare module 'oidc-provider/lib/helpers/grant_common.js' {
  import type { AuthorizationCode, Grant, KoaContextWithOIDC, default as Provider } from 'oidc-provider';

  export function issueTokens(
    provider: Provider,
    helpers: Record<string, (...args: unknown[]) => unknown>,
    ctx: KoaContextWithOIDC,
    source: AuthorizationCode,
    grant: Grant,
    options: { gty: string; entityLabel: string; cert: undefined; dPoP: object | undefined },
  ): Promise<void>;
}

declare module 'oidc-provider/lib/helpers/weak_cache.js' {
  import type { KoaContextWithOIDC, default as Provider } from 'oidc-provider';

  export default function instance(provider: Provider): {
    grantTypeHandlers: Map<string, (ctx: KoaContextWithOIDC) => Promise<void>>;
  };
}
