import type { Client as EngineClient } from 'oidc-provider';
import type { ClientFace } from '#src/pages/index.ts';

/** What pages show of a client. */
export function clientFace(client: EngineClient): ClientFace {
  return {
    name: client.clientName || client.clientId,
    logoUri: client.logoUri,
    clientUri: client.clientUri,
    policyUri: client.policyUri,
    tosUri: client.tosUri,
  };
}
