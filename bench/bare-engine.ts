/**
 * What Mintmark is measured against: oidc-provider alone, on the same runtime, keeping everything in a Map. It is the most
 * the engine can do, because it promises nothing: a restart forgets every token.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Adapter, type AdapterPayload } from 'oidc-provider';

/** The engine's own in-memory adapter drops what is beyond 1000 entries, and a load test then sees tokens vanish. */
class MapAdapter implements Adapter {
  static readonly #records = new Map<string, AdapterPayload>();
  readonly #model: string;

  constructor(model: string) {
    this.#model = model;
  }
  #key(id: string): string {
    return `${this.#model}:${id}`;
  }
  async upsert(id: string, payload: AdapterPayload) {
    MapAdapter.#records.set(this.#key(id), payload);
  }
  async find(id: string) {
    return MapAdapter.#records.get(this.#key(id));
  }
  async destroy(id: string) {
    MapAdapter.#records.delete(this.#key(id));
  }
  async consume() {}
  async revokeByGrantId() {}
  async findByUid() {
    return undefined;
  }
  async findByUserCode() {
    return undefined;
  }
}

const [, , clientId = '', clientSecret = '', audience = '', scope = ''] = process.argv;

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;

const provider = new Provider(issuer, {
  adapter: MapAdapter,
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  responseTypes: ['code'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope, audience, accessTokenFormat: 'opaque', accessTokenTTL: 3600 }),
    },
  },
});
server.on('request', provider.callback());
process.on('SIGTERM', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ url: issuer })}\n`);
