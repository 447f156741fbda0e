/**
 * The only module that reaches into oidc-provider's private files. None of this is covered by its semantic versioning:
 * the version is pinned exactly, and `test/provider/seams.test.ts` fails when one of these behaves differently.
 */
import type {
  AuthorizationCode,
  Grant,
  KoaContextWithOIDC,
  default as Provider,
  ResourceServerInstance,
} from 'oidc-provider';
import { issueTokens as engineIssueTokens } from 'oidc-provider/lib/helpers/grant_common.js';
import * as helpers from 'oidc-provider/lib/helpers/grants.js';
import instance from 'oidc-provider/lib/helpers/weak_cache.js';

export type GrantContext = Parameters<typeof helpers.validateDpop>[1];
export type Proof = Awaited<ReturnType<typeof helpers.validateDpop>>;

/** The proof of possession in the request, required where the client is registered so (RFC 9449 §5.2). */
export async function proofOfPossession(provider: Provider, ctx: GrantContext): Promise<Proof> {
  const dPoP = await helpers.validateDpop(provider, ctx);
  helpers.checkDpopRequired(provider, ctx, dPoP);
  return dPoP;
}

/** Checks `scope` and `resource` as the engine's own grants do. */
export async function requestedAccess(
  provider: Provider,
  ctx: GrantContext,
): Promise<{ scopes: Set<string>; resourceServers: ResourceServerInstance[] }> {
  const resourceServers = await helpers.resolveRequestedResources(provider, ctx);
  return { scopes: helpers.validateClientScope(provider, ctx), resourceServers };
}

/**
 * What the engine's authorization code and device code grants end with: access token, refresh token where it is due, ID
 * token where `openid` was granted, and the response. `source` stands for the authorization they came of.
 */
export function issueTokens(
  provider: Provider,
  ctx: KoaContextWithOIDC,
  { source, grant, grantType, proof }: { source: AuthorizationCode; grant: Grant; grantType: string; proof: Proof },
): Promise<void> {
  const bound = Object.fromEntries(
    Object.entries(helpers).map(([name, helper]) => [
      name,
      (helper as (...args: unknown[]) => unknown).bind(undefined, provider),
    ]),
  );
  return engineIssueTokens(provider, bound, ctx, source, grant, {
    gty: grantType,
    entityLabel: 'resource owner',
    cert: undefined,
    dPoP: proof,
  });
}

/** The engine's own handler of a grant type, to be wrapped by ours. */
export function engineGrantHandler(provider: Provider, grantType: string): (ctx: KoaContextWithOIDC) => Promise<void> {
  const handler = instance(provider).grantTypeHandlers.get(grantType);
  if (!handler) throw new Error(`the engine has no handler for the grant type ${grantType}`);
  return handler;
}

/** Refuses a proof of possession that was seen before (RFC 9449 §11.1); only the unit's commit can be sure. */
export function refuseReplayedProof(provider: Provider, ctx: GrantContext, proof: Proof): Promise<void> {
  return helpers.checkDpopReplay(provider, ctx, proof, ctx.oidc.client.clientId);
}
