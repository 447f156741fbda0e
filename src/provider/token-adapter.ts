import type { AdapterPayload } from 'oidc-provider';
import { CLIENT_CREDENTIALS_GRANT } from '#src/oauth/grant-types.ts';
import type { Pats } from '#src/pats/index.ts';
import type { StatusEntry, Token, TokenKind, Tokens } from '#src/tokens/index.ts';
import type { ModelAdapter } from './model-adapter.ts';
import { UNKNOWN } from './structured-tokens.ts';

/** The engine's models that are bearer artifacts. A client credentials token is an access token without an account. */
export const TOKEN_MODELS: Record<string, TokenKind> = {
  AccessToken: 'access_token',
  ClientCredentials: 'access_token',
  RefreshToken: 'refresh_token',
  AuthorizationCode: 'authorization_code',
  DeviceCode: 'device_code',
  PushedAuthorizationRequest: 'pushed_authorization_request',
};

export function tokenAdapter(
  { units, references, ...tokens }: Tokens,
  model: string,
  pats: Pick<Pats, 'revokeShown'>,
): ModelAdapter {
  const kind = TOKEN_MODELS[model] as TokenKind;

  const isOfThisModel = (token: Token): boolean =>
    token.kind === kind &&
    (kind !== 'access_token' || (token.grantType === CLIENT_CREDENTIALS_GRANT) === (model === 'ClientCredentials'));

  /** To the engine an access token like others; only one that was authenticated before has a reference. */
  const isPresentedPat = (value: string, token: Token): boolean =>
    token.kind === 'pat' && model === 'AccessToken' && references.isReference(value);

  return {
    async upsert(value, payload) {
      const token = toToken(tokens.idFor('token', value), kind, model, payload);
      units.open().tokens.set(token.id, {
        ...token,
        userCode: payload.userCode ? tokens.idFor('user_code', payload.userCode) : undefined,
      });
    },

    async find(value) {
      if (value === UNKNOWN) return undefined;
      const token = await tokens.find(value);
      if (token && isPresentedPat(value, token)) return toPayload(token, model, { jti: value });
      if (!token || !isOfThisModel(token)) return undefined;
      return toPayload(token, model, {
        jti: value,
        // A JWT's row lies under its jti, which is no secret: the engine refuses rows of another format than opaque as
        // bearer values. Only a reference, made after the JWT itself was verified, may open it; it stays the name of one
        // without a jti.
        ...(references.isReference(value) && token.format === 'jwt'
          ? { jti: String(token.remainder.jti ?? value) }
          : { format: token.format }),
      });
    },

    async findByUserCode(userCode) {
      const token = await tokens.findByUserCode(userCode);
      if (!token || !isOfThisModel(token)) return undefined;
      // Nobody here holds the device code itself: the engine goes on with a reference to its row.
      return toPayload(token, model, { jti: references.referenceTo(token.id), userCode });
    },

    async consume(value) {
      units.open().consume(tokens.idFor('token', value), kind);
    },

    async destroy(value) {
      const unit = units.open();
      const id = tokens.idFor('token', value);
      // Whoever takes one back by its value, their owner finds it written down.
      if (unit.seen.get(id)?.kind === 'pat') await pats.revokeShown(id, unit.from);
      else unit.endToken(id);
    },

    /**
     * Nothing to write: a token lives only while its grant does, and the engine ends the grant itself beside this call,
     * except when a client revokes a single access token (`revokeGrantPolicy`). Then the refresh token stays.
     */
    async revokeByGrantId() {},
  };
}

function toToken(id: string, kind: TokenKind, model: string, payload: AdapterPayload): Token {
  const {
    jti,
    kind: _,
    iat,
    exp,
    clientId,
    accountId,
    grantId,
    gty,
    scope,
    aud,
    format,
    userCode: __,
    consumed: ___,
    status,
    ...rest
  } = payload as AdapterPayload & { status?: unknown };
  if (iat === undefined || exp === undefined) throw new Error(`the engine gave a ${model} without iat or exp`);
  const isJwt = format === 'jwt';
  return {
    id,
    kind,
    format: isJwt ? 'jwt' : 'opaque',
    clientId: clientId ?? clientOfPushedRequest(payload),
    accountId,
    grantId,
    grantType: model === 'ClientCredentials' ? CLIENT_CREDENTIALS_GRANT : gty,
    scope,
    audience: aud as string | undefined,
    userCode: undefined,
    issuedAt: iat,
    expiresAt: exp,
    consumedAt: undefined,
    status: status as StatusEntry | undefined,
    remainder: isJwt ? { ...rest, jti } : rest,
  };
}

/** A pushed request has no client of its own in the engine's payload, but its JWT names it as issuer (RFC 9126 §2.1). */
function clientOfPushedRequest({ request }: AdapterPayload): string {
  const [, claims = ''] = request?.split('.') ?? [];
  const { iss, client_id } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}') as Record<string, unknown>;
  const client = client_id ?? iss;
  if (typeof client !== 'string') throw new Error('a token without a client');
  return client;
}

function toPayload(token: Token, model: string, named: Record<string, unknown>): AdapterPayload {
  return {
    ...token.remainder,
    kind: model,
    iat: token.issuedAt,
    exp: token.expiresAt,
    clientId: token.clientId,
    ...(token.accountId !== undefined && { accountId: token.accountId }),
    ...(token.grantId !== undefined && { grantId: token.grantId }),
    ...(token.grantType !== undefined && { gty: token.grantType }),
    ...(token.scope !== undefined && { scope: token.scope }),
    ...(token.audience !== undefined && { aud: token.audience }),
    ...(token.consumedAt !== undefined && { consumed: token.consumedAt }),
    ...named,
  };
}
