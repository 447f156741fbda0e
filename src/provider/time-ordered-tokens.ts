import type Provider from 'oidc-provider';
import type { References } from '#src/tokens/index.ts';

interface Named {
  readonly format?: string;
  generateTokenId(): string;
}

/** What the engine issues has values like what we issue: they lie in one table, in the order of time. */
export function orderTokensByTime(provider: Provider, references: References): void {
  const { AccessToken, AuthorizationCode, ClientCredentials, DeviceCode, PushedAuthorizationRequest, RefreshToken } =
    provider;
  const models = [
    AccessToken,
    AuthorizationCode,
    ClientCredentials,
    DeviceCode,
    PushedAuthorizationRequest,
    RefreshToken,
  ];
  for (const model of models) {
    const prototype = model.prototype as unknown as Named;
    const generate = prototype.generateTokenId;
    prototype.generateTokenId = function named(this: Named) {
      // Here the engine settles a token's format, too.
      generate.call(this);
      return this.format === 'jwt' ? references.newJti() : references.newValue();
    };
  }
}
