import type { Configuration } from 'oidc-provider';

/** The hosts that a registration may name without TLS (`clients/uri.ts`). */
const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Requests to the addresses of clients: back-channel logout and `jwks_uri`. The engine's dispatcher refuses private
 * addresses, so that a client's address is no way into the server's network. This machine is excepted where the address
 * says so itself: registrations may, and an app beside its server would never hear of a sign-out.
 */
export const fetchFromClients: Configuration['fetch'] = (url, options) => {
  if (!THIS_MACHINE.has(new URL(String(url)).hostname)) return fetch(url, options);
  const { dispatcher: _, ...rest } = options as RequestInit & { dispatcher?: unknown };
  // The exception is for this address alone.
  return fetch(url, { redirect: 'error', ...rest });
};
