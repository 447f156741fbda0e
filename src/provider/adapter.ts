/**
 * Where the engine keeps its models: a translation between its payloads and the records of the token store. It only
 * collects writes in the request's unit of work; `unit-of-work.ts` commits them before the answer leaves. Personal access
 * tokens alone are ended by those at home with them, at once: it is all that their revocation does.
 */
import type { Adapter, AdapterFactory } from 'oidc-provider';
import type { Clients } from '#src/clients/index.ts';
import { Unavailable } from '#src/db/index.ts';
import type { Pats } from '#src/pats/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { clientAdapter } from './client-metadata.ts';
import { TemporarilyUnavailable } from './errors.ts';
import type { ModelAdapter } from './model-adapter.ts';
import { grantAdapter, interactionAdapter, replayAdapter, sessionAdapter } from './record-adapters.ts';
import { TOKEN_MODELS, tokenAdapter } from './token-adapter.ts';

export function adapterFor({
  clients,
  pats,
  tokens,
  issuer,
}: {
  clients: Clients;
  pats: Pick<Pats, 'revokeShown'>;
  tokens: Tokens;
  issuer: string;
}): AdapterFactory {
  const others: Record<string, () => ModelAdapter> = {
    Client: () => clientAdapter(clients),
    Grant: () => grantAdapter(tokens),
    Session: () => sessionAdapter(tokens),
    Interaction: () => interactionAdapter(tokens, issuer),
    ReplayDetection: () => replayAdapter(tokens),
  };
  return (model) => {
    const make = model in TOKEN_MODELS ? () => tokenAdapter(tokens, model, pats) : others[model];
    if (!make) throw new Error(`no storage for the engine's ${model}: its feature is off`);
    return complete(model, make());
  };
}

/** Fills in the rest of the contract, and says "try again" in the protocol's words when the database is away. */
function complete(model: string, adapter: ModelAdapter): Adapter {
  const call =
    <Args extends unknown[], Result>(name: keyof Adapter, method?: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (!method) throw new Error(`the engine called ${model}.${name}, which this server does not expect`);
      try {
        return await method(...args);
      } catch (error) {
        throw error instanceof Unavailable ? new TemporarilyUnavailable(error) : error;
      }
    };
  return {
    upsert: call('upsert', adapter.upsert),
    find: call('find', adapter.find),
    findByUserCode: call('findByUserCode', adapter.findByUserCode),
    findByUid: call('findByUid', adapter.findByUid),
    consume: call('consume', adapter.consume),
    destroy: call('destroy', adapter.destroy),
    revokeByGrantId: call('revokeByGrantId', adapter.revokeByGrantId),
  };
}
