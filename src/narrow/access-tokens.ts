/** Access tokens for a machine: what they say, and the row that makes them listable and revocable. */
import type { Api } from '#src/apis/index.ts';
import { type Client, clientClaims } from '#src/clients/index.ts';
import { randomId, randomSecret } from '#src/crypto/index.ts';
import type { Keys } from '#src/keys/index.ts';
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
  readonly api: Api;
  readonly client: Client;
  readonly scope: string;
  /** Seconds. */
  readonly lifetime: number;
}

type Issue = (deps: AccessTokenDeps, wanted: Wanted) => Promise<string>;

export const issueOpaque: Issue = async ({ tokens }, wanted) => {
  const value = randomSecret();
  const extra = clientClaims(wanted.client.metadata);
  await tokens.issue({
    ...rowOf(wanted, now()),
    id: tokens.references.idOf('token', value),
    format: 'opaque',
    status: undefined,
    remainder: extra ? { extra } : {},
  });
  return value;
};

/** Signed while its row is written, and given to nobody before both is done. */
export const issueJwt: Issue = async (deps, wanted) => {
  const { keys, tokens } = deps;
  const row = rowOf(wanted, now());
  const extra = clientClaims(wanted.client.metadata);
  const jwt = { payload: claimsOf(deps, row, extra) } as UnsignedJwt;
  await completeJwt(deps, wanted.api, jwt);
  const { jti } = jwt.payload;
  const signed = keys.sign(wanted.api.signingAlg, { typ: JWT_ACCESS_TOKEN_TYPE, ...jwt.header }, jwt.payload);
  const [compact] = await Promise.all([
    signed.compact,
    tokens.issue({
      ...row,
      id: tokens.references.idOf('token', jti ?? signed.signingInput),
      format: 'jwt',
      status: statusOf(jwt.payload),
      remainder: { ...(extra && { extra }), jti },
    }),
  ]);
  return compact;
};

const now = () => Math.floor(Date.now() / 1000);

type Row = Omit<Token, 'id' | 'format' | 'status' | 'remainder'>;

const rowOf = ({ api, client, scope, lifetime }: Wanted, issuedAt: number): Row => ({
  kind: 'access_token',
  clientId: client.id,
  accountId: undefined,
  grantId: undefined,
  grantType: 'client_credentials',
  scope,
  audience: api.identifier,
  userCode: undefined,
  issuedAt,
  expiresAt: issuedAt + lifetime,
  consumedAt: undefined,
});

/** RFC 9068 §2.2; a machine is its own subject. */
const claimsOf = ({ issuer }: AccessTokenDeps, row: Row, extra: object | undefined) => ({
  ...extra,
  jti: randomId(),
  sub: row.clientId,
  iat: row.issuedAt,
  exp: row.expiresAt,
  scope: row.scope,
  client_id: row.clientId,
  iss: issuer,
  aud: row.audience,
});
