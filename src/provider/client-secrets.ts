import type Provider from 'oidc-provider';
import type { Clients } from '#src/clients/index.ts';
import type { EngineClient } from './client-metadata.ts';

/** Secrets are compared as digests, against every one that lives. Overriding this method is the engine's own advice. */
export function compareClientSecrets(provider: Provider, clients: Clients): void {
  const prototype = provider.Client.prototype as unknown as {
    compareClientSecret(this: EngineClient, actual: string): boolean;
  };
  prototype.compareClientSecret = function compareDigests(actual) {
    const secretDigests = this.secret_digests.map((digest) => Buffer.from(digest, 'base64url'));
    return clients.verifySecret({ secretDigests }, actual);
  };
}
