import type { Keys } from '#src/keys/index.ts';
import {
  type FoundToken,
  INACTIVE,
  inactive,
  presentedJwts,
  type Token,
  type TokenList,
  type Tokens,
} from '#src/tokens/index.ts';
import type { MayAsk } from './introspection.ts';
import { isLiving } from './living.ts';

export interface AboutTokensDeps {
  readonly issuer: string;
  readonly keys: Pick<Keys, 'verify'>;
  readonly tokens: Tokens;
  readonly tokenList: TokenList;
}

type About = (value: string, clientId: string) => Promise<object | undefined>;

/** What is said of access and refresh tokens; undefined: not here. */
export function aboutTokens(deps: AboutTokensDeps, mayAsk: MayAsk): { aboutOpaque: About; aboutJwt: About } {
  const { issuer, tokens, tokenList } = deps;
  const findJwt = presentedJwts(deps);

  async function isActive(token: FoundToken, clientId: string): Promise<boolean> {
    if (token.kind !== 'access_token' && token.kind !== 'refresh_token') return false;
    return isLiving(token) && mayAsk(clientId, token);
  }

  /** @param id what it is looked for by when it does not live */
  async function aboutToken(
    token: FoundToken | undefined,
    id: () => string,
    clientId: string,
  ): Promise<object | undefined> {
    if (token && isBound(token)) return undefined;
    if (!token || !(await isActive(token, clientId))) return inactive(tokenList, id(), clientId);
    return activeAnswer(token, issuer);
  }

  return {
    async aboutOpaque(value, clientId) {
      const token = await tokens.find(value);
      // A JWT's row lies under its jti, which is no secret: by that alone it opens nothing.
      const opaque = token?.format === 'opaque' ? token : undefined;
      return aboutToken(opaque, () => tokens.references.idOf('token', value), clientId);
    },

    async aboutJwt(value, clientId) {
      const found = await findJwt(value);
      return found ? aboutToken(found.token, () => found.id, clientId) : INACTIVE;
    },
  };
}

/** To a key: what is said of those says so. */
const isBound = ({ remainder }: Token): boolean => remainder.jkt !== undefined || remainder['x5t#S256'] !== undefined;

function activeAnswer(token: Token, issuer: string): object {
  return {
    active: true,
    ...(token.accountId !== undefined && { sub: token.accountId }),
    ...(token.remainder.extra as object | undefined),
    client_id: token.clientId,
    exp: token.expiresAt,
    iat: token.issuedAt,
    sid: token.remainder.sid,
    iss: issuer,
    jti: token.remainder.jti,
    aud: token.audience,
    scope: token.scope || undefined,
    token_type: token.kind === 'refresh_token' ? undefined : 'Bearer',
  };
}
