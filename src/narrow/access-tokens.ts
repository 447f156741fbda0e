/** Access tokens: what they say, and the row that makes them listable and revocable. */
import type { Api } from '#src/apis/index.ts';
import { type Client, clientClaims } from '#src/clients/index.ts';
import type { Keys } from '#src/keys/index.ts';
import { type Authentication, authenticationClaims } from '#src/oauth/authentication-claims.ts';
import { accessTokenLifetime } from '#src/oauth/lifetimes.ts';
import {
  completeJwt,
  JWT_ACCESS_TOKEN_TYPE,
  type StatusLists,
  statusOf,
  type Token,
  type Tokens,
  type UnsignedJwt,
} from '#src/tokens/index.ts';

export interface AccessTokenDeps {
  readonly issuer: string;
  readonly keys: Pick<Keys, 'keepFor' | 'sign'>;
  readonly statusLists: StatusLists;
  readonly tokens: Tokens;
}

interface Wanted {
  /** Undefined: for asking who the person is, at the UserInfo endpoint. */
  readonly api: Api | undefined;
  readonly client: Client;
  readonly scope: string;
  readonly grantType: string;
  /** Whom it speaks for; a machine speaks for itself. */
  readonly person?: Person;
}

export interface Person {
  readonly accountId: string;
  readonly grantId: string;
  readonly authentication: Authentication;
  /** What its row carries on of the session it came of. */
  readonly session: object;
}

export interface Made {
  readonly row: Token;
  /** Good for nothing before the row is written. One signed by RSA is being signed meanwhile. */
  readonly value: string | Promise<string>;
}

export function makeAccessToken(deps: AccessTokenDeps, wanted: Wanted): Made | Promise<Made> {
  const { api } = wanted;
  return api?.accessTokenFormat === 'jwt' ? makeJwt(deps, api, wanted) : makeOpaque(deps, wanted);
}

function makeOpaque({ tokens }: AccessTokenDeps, wanted: Wanted): Made {
  const value = tokens.references.newValue();
  const extra = extraOf(wanted);
  const row: Token = {
    ...rowOf(wanted),
    id: tokens.references.idOf('token', value),
    format: 'opaque',
    status: undefined,
    remainder: { ...(extra && { extra }), ...wanted.person?.session },
  };
  return { row, value };
}

async function makeJwt(deps: AccessTokenDeps, api: Api, wanted: Wanted): Promise<Made> {
  const { keys, tokens } = deps;
  const row = rowOf(wanted);
  const extra = extraOf(wanted);
  const jwt = { payload: claimsOf(deps, row, extra) } as UnsignedJwt;
  await completeJwt(deps, api, jwt);
  const { jti } = jwt.payload;
  const signed = keys.sign(api.signingAlg, { typ: JWT_ACCESS_TOKEN_TYPE, ...jwt.header }, jwt.payload);
  const complete: Token = {
    ...row,
    id: tokens.references.idOf('token', jti ?? signed.signingInput),
    format: 'jwt',
    status: statusOf(jwt.payload),
    remainder: { ...(extra && { extra }), ...wanted.person?.session, jti },
  };
  return { row: complete, value: signed.compact };
}

type Row = Omit<Token, 'id' | 'format' | 'status' | 'remainder'>;

function rowOf({ api, client, scope, grantType, person }: Wanted): Row {
  const issuedAt = Math.floor(Date.now() / 1000);
  return {
    kind: 'access_token',
    clientId: client.id,
    accountId: person?.accountId,
    grantId: person?.grantId,
    grantType,
    scope,
    audience: api?.identifier,
    userCode: undefined,
    issuedAt,
    expiresAt: issuedAt + accessTokenLifetime(api?.accessTokenTtl, client.accessTokenTtl),
    consumedAt: undefined,
  };
}

function extraOf({ client, person }: Wanted): object | undefined {
  const extra = { ...clientClaims(client.metadata), ...(person && authenticationClaims(person.authentication)) };
  return Object.keys(extra).length > 0 ? extra : undefined;
}

/** RFC 9068 §2.2; a machine is its own subject. */
const claimsOf = ({ issuer, tokens }: AccessTokenDeps, row: Row, extra: object | undefined) => ({
  ...extra,
  jti: tokens.references.newJti(),
  sub: row.accountId ?? row.clientId,
  iat: row.issuedAt,
  exp: row.expiresAt,
  scope: row.scope,
  client_id: row.clientId,
  iss: issuer,
  aud: row.audience,
});
