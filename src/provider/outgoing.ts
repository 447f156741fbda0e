import type { Configuration } from 'oidc-provider';

/**
 * Requests to the addresses of clients: back-channel logout and `jwks_uri`. The engine would refuse every private address,
 * a rule for servers where anybody may register a client. Here administrators do, and their apps live where the server
 * does: in a private network, on the same machine. What keeps this from being a way into that network: addresses are https,
 * so their host must prove its name, or this very machine (`clients/uri.ts`), and no redirect leads elsewhere.
 */
export const fetchFromClients: Configuration['fetch'] = (url, options) => {
  const { dispatcher: _, redirect = 'error', ...rest } = options as RequestInit & { dispatcher?: unknown };
  return fetch(url, { ...rest, redirect });
};
