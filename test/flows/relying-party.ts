/** A relying party made of openid-client, a library we did not write. */
import * as client from 'openid-client';
import type { RegisteredClient } from '../support/clients.ts';
import { observedFetch } from '../support/http.ts';
import type { Server } from '../support/server.ts';

export async function configure(
  server: Pick<Server, 'url'>,
  app: RegisteredClient,
  authentication: client.ClientAuth = app.client_secret ? client.ClientSecretBasic(app.client_secret) : client.None(),
): Promise<client.Configuration> {
  return client.discovery(new URL(server.url), app.client_id, undefined, authentication, {
    execute: [client.allowInsecureRequests],
    [client.customFetch]: observedFetch as client.CustomFetch,
  });
}
