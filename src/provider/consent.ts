/**
 * What the person has agreed to. Every authorization gets a Grant of its own, so that ending one (a code used twice, a
 * withdrawn device) does not end what another tab or another login of the same app holds.
 */
import type { Grant as EngineGrant, KoaContextWithOIDC, default as Provider } from 'oidc-provider';
import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import type { Tokens } from '#src/tokens/index.ts';

interface Asked {
  oidcScopes: string[];
  claims: string[];
  resources: Record<string, string[]>;
}

/** These claims are part of signing in at all and never need consent (OpenID Connect Core §2). */
const ALWAYS = ['sub', 'sid', 'auth_time', 'acr', 'amr', 'iss'];

function asked({ oidc }: KoaContextWithOIDC): Asked {
  const resources = Object.entries(oidc.resourceServers ?? {}).map(([identifier, server]) => [
    identifier,
    [...oidc.requestParamScopes].filter((name) => server.scopes.has(name)),
  ]);
  return {
    oidcScopes: [...oidc.requestParamOIDCScopes],
    claims: [...oidc.requestParamClaims].filter((name) => !ALWAYS.includes(name)),
    resources: Object.fromEntries(resources) as Record<string, string[]>,
  };
}

/** The engine's hook: the grant this authorization goes on with, or undefined when the person has to be asked. */
export function loadExistingGrant(tokens: Tokens) {
  return async (ctx: KoaContextWithOIDC): Promise<EngineGrant | undefined> => {
    const { oidc } = ctx;
    const agreedNow = oidc.result?.consent?.grantId;
    if (agreedNow) return oidc.provider.Grant.find(agreedNow);

    const { client, account } = oidc;
    // prompt=consent: the person will be asked whatever was agreed before.
    if (!client || !account || oidc.promptPending('consent')) return undefined;
    const wanted = asked(ctx);
    // It receives nothing, so there is nothing to agree to and nothing to keep.
    if (client.clientId === ACCOUNT_CLIENT) return unkeptGrant(oidc.provider, account.accountId);
    const firstParty = (client as unknown as { first_party: boolean }).first_party;
    if (!firstParty && !covers(await tokens.grantsBetween(account.accountId, client.clientId), wanted))
      return undefined;
    return createGrant(oidc.provider, tokens, {
      ...wanted,
      accountId: account.accountId,
      clientId: client.clientId,
      sessionUid: isDeviceFlow(ctx) ? undefined : oidc.session?.uid,
    });
  };
}

function unkeptGrant(provider: Provider, accountId: string): EngineGrant {
  const grant = new provider.Grant({ accountId, clientId: ACCOUNT_CLIENT });
  grant.addOIDCScope('openid');
  return grant;
}

/** A television that was signed in with a browser stays signed in when that browser signs out. */
const isDeviceFlow = ({ oidc }: KoaContextWithOIDC) =>
  oidc.route === 'code_verification' || oidc.route === 'device_resume';

/** Was all of this agreed to before, in this or another session? */
function covers(grants: Awaited<ReturnType<Tokens['grantsBetween']>>, wanted: Asked): boolean {
  const agreed = grants.map(({ consented }) => consented as ConsentedPayload);
  const scopes = new Set(agreed.flatMap(({ openid }) => openid?.scope?.split(' ') ?? []));
  const claims = new Set(agreed.flatMap(({ openid }) => openid?.claims ?? []));
  const ofResource = (identifier: string) =>
    new Set(agreed.flatMap(({ resources }) => resources?.[identifier]?.split(' ') ?? []));

  return (
    grants.length > 0 &&
    wanted.oidcScopes.every((name) => scopes.has(name)) &&
    wanted.claims.every((name) => claims.has(name)) &&
    Object.entries(wanted.resources).every(([identifier, names]) => {
      const agreedHere = ofResource(identifier);
      return names.every((name) => agreedHere.has(name));
    })
  );
}

interface ConsentedPayload {
  openid?: { scope?: string; claims?: string[] };
  resources?: Record<string, string>;
}

export interface Agreement extends Asked {
  readonly accountId: string;
  readonly clientId: string;
  /** The browser session that agreed; absent where there is none (password grant). */
  readonly sessionUid?: string | undefined;
}

/** Writes a new grant, within the request's unit of work, and returns it. */
export async function createGrant(provider: Provider, tokens: Tokens, agreement: Agreement): Promise<EngineGrant> {
  const { accountId, clientId, sessionUid, oidcScopes, claims, resources } = agreement;
  const grant = new provider.Grant({ accountId, clientId });
  if (oidcScopes.length > 0) grant.addOIDCScope(oidcScopes.join(' '));
  if (claims.length > 0) grant.addOIDCClaims(claims);
  for (const [identifier, names] of Object.entries(resources)) {
    if (names.length > 0) grant.addResourceScope(identifier, names.join(' '));
  }
  const id = await grant.save();
  // What was not granted offline_access ends when the person signs out (OpenID Connect Core §11, Back-Channel Logout §2.7).
  if (sessionUid && !oidcScopes.includes('offline_access')) tokens.units.open().bindGrant(id, sessionUid);
  return grant;
}
