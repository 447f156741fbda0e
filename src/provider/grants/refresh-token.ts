/**
 * Refresh that cannot sign anybody out and cannot be stolen (RFC 6749 §6, RFC 9700 §4.14.2).
 *
 * A refresh token works once. Its answer is kept for the client's grace window, so a client whose connection broke, or that
 * asked from two tabs at once, gets the *identical* answer again. A second, different pair would blind reuse detection. Any
 * later use of it is somebody else's, or a restored backup: the whole family ends.
 */
import { errors, type KoaContextWithOIDC, type default as Provider } from 'oidc-provider';
import type { Audit } from '#src/audit/index.ts';
import { fromOf } from '#src/http/index.ts';
import {
  openAnswer,
  type RefreshRequest,
  rememberAnswer,
  type Token,
  type TokenEvent,
  type Tokens,
} from '#src/tokens/index.ts';
import type { EngineClient } from '../client-metadata.ts';
import type { ProviderDeps } from '../deps.ts';
import { type GrantContext, proofOfPossession, refuseReplayedProof } from '../internals.ts';

export const REFRESH_PARAMETERS = ['refresh_token', 'scope', 'resource'];

type Handler = (ctx: KoaContextWithOIDC) => Promise<void>;

/** Around the engine's own handler, which rotates and checks everything else. */
export function refreshGrant(
  provider: Provider,
  { audit, tokens }: Pick<ProviderDeps, 'audit' | 'tokens'>,
  engineHandler: Handler,
) {
  return async (ctx: GrantContext): Promise<void> => {
    const value = ctx.oidc.params.refresh_token;
    const token = typeof value === 'string' ? await tokens.find(value) : undefined;
    if (typeof value !== 'string' || token?.kind !== 'refresh_token' || token.consumedAt === undefined) {
      await rotate(ctx);
      if (typeof value === 'string') remember(ctx, tokens, value);
      return;
    }
    const isOwn = token.clientId === ctx.oidc.client.clientId;
    const repeated = isOwn ? await repeatedAnswer(ctx, tokens, value, token) : undefined;
    if (repeated && (await provesPossession(provider, ctx, token))) {
      ctx.body = repeated;
      return;
    }
    if (isOwn) {
      endFamily(tokens, token);
      await recordReuse(audit, ctx, token);
    }
    await engineHandler(ctx);
  };

  /** The engine consumes the token before it looks at `resource`: what it then refuses must not cost the token. */
  async function rotate(ctx: GrantContext): Promise<void> {
    try {
      await engineHandler(ctx);
    } catch (error) {
      tokens.units.open().discardIssuing();
      throw error;
    }
  }
}

/** Not left to the engine: it looks at a used token last, after everything else it may refuse the request for. */
function endFamily(tokens: Tokens, token: Token): void {
  const unit = tokens.units.open();
  unit.events.push(reuseOf(token));
  if (token.grantId !== undefined) unit.endedGrants.add(token.grantId);
}

/** The answer this request got before, while it may be repeated. */
export async function repeatedAnswer(
  ctx: KoaContextWithOIDC,
  tokens: Tokens,
  value: string,
  token: Token,
): Promise<object | undefined> {
  const sealed = await tokens.findAnswer(token.id);
  return sealed && openAnswer(requestOf(ctx, value), sealed);
}

function remember(ctx: GrantContext, tokens: Tokens, value: string): void {
  const { refresh_token_grace } = ctx.oidc.client as unknown as EngineClient;
  rememberAnswer(tokens.units.open(), requestOf(ctx, value), ctx.body as object, refresh_token_grace);
}

function requestOf({ oidc: { client, params } }: KoaContextWithOIDC, refreshToken: string): RefreshRequest {
  return { refreshToken, clientId: client?.clientId, scope: params?.scope, resource: params?.resource };
}

/** A bound token proves its key before the answer, which is as good as the tokens in it, is repeated (RFC 9449 §5). */
async function provesPossession(provider: Provider, ctx: GrantContext, token: Token): Promise<boolean> {
  if (token.remainder.jkt === undefined) return true;
  const proof = await proofOfPossession(provider, ctx);
  if (proof?.thumbprint !== token.remainder.jkt) throw new errors.InvalidGrant('failed jkt verification');
  await refuseReplayedProof(provider, ctx, proof);
  return true;
}

/** Somebody used a refresh token that was used before: its family ends, and this is why. */
export function reuseOf({ clientId, accountId, grantId, id }: Token): TokenEvent {
  return { type: 'refresh_token.reuse_detected', clientId, accountId, data: { grant_id: grantId, token_id: id } };
}

/** For whoever looks afterwards: an event is written only while somebody listens to it. */
export function recordReuse(
  audit: Pick<Audit, 'record'>,
  ctx: KoaContextWithOIDC,
  { clientId, accountId, grantId, id }: Token,
): Promise<void> {
  return audit.record({
    actor: 'anybody',
    action: 'refresh_token.reuse',
    target: accountId && `user:${accountId}`,
    outcome: 'failure',
    reason: 'replayed',
    from: fromOf(ctx),
    data: { client_id: clientId, grant_id: grantId, token_id: id },
  });
}
