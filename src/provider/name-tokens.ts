import type Provider from 'oidc-provider';
import type { References } from '#src/tokens/index.ts';

interface Named {
  generateTokenId(): string;
}

/** What the engine issues has values like what we issue: they lie in one table. */
export function nameTokens(provider: Provider, references: References): void {
  const { AccessToken, AuthorizationCode, ClientCredentials, DeviceCode, RefreshToken } = provider;
  for (const model of [AccessToken, AuthorizationCode, ClientCredentials, DeviceCode, RefreshToken]) {
    const prototype = model.prototype as unknown as Named;
    const generate = prototype.generateTokenId;
    prototype.generateTokenId = function named(this: Named) {
      // Here the engine settles a token's format, too.
      generate.call(this);
      return references.newValue();
    };
  }
}
