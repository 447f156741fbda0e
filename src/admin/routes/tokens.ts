import { z } from 'zod';
import { looksLikePat } from '#src/oauth/pat-value.ts';
import type { Pats } from '#src/pats/index.ts';
import {
  LISTED_KINDS,
  type ListedToken,
  type Revocation,
  TOKEN_POSITION,
  type TokenFilter,
  type TokenList,
} from '#src/tokens/index.ts';
import { found } from '../found.ts';
import { timestamp } from '../members.ts';
import { pageOf, pageQueryOf, readPage } from '../pages.ts';
import { type AnyRoute, route } from '../route.ts';

export interface TokenRouteDeps {
  readonly tokenList: TokenList;
  readonly revocation: Revocation;
  /** What to look a presented token up by: itself, or for a JWT of ours a reference to its row. */
  readonly exchangeToken: (token: string) => Promise<string>;
  readonly pats: Pick<Pats, 'revokeValue'>;
}

const kind = z.enum(LISTED_KINDS);
const status = z.enum(['live', 'expired', 'revoked', 'consumed', 'suspended']).meta({
  description:
    'revoked: by name, or with its grant, client or user, or by a rule; consumed: a code or refresh token, used; suspended: a personal access token that is good for nothing as things are, and may be again',
});

const token = z
  .object({
    id: z.string().meta({ description: 'Names the token here and opens nothing' }),
    kind,
    client_id: z.string(),
    user_id: z.string().nullable(),
    grant_id: z.string().nullable().meta({ description: 'The authorization it came of' }),
    scope: z.string().nullable(),
    audience: z.string().nullable(),
    format: z.enum(['opaque', 'jwt']),
    grant_type: z.string().nullable(),
    issued_at: timestamp,
    expires_at: timestamp,
    status,
    last_used_at: timestamp.nullable().meta({ description: 'To the minute or two; null: never' }),
  })
  .meta({ id: 'Token' });
export const tokenPage = pageOf('TokenPage', token);

export const page = pageQueryOf(TOKEN_POSITION);
const query = page.extend({
  client_id: z.string().max(128).optional(),
  user_id: z.uuid().optional(),
  grant_id: z.string().max(64).optional(),
  kind: kind.optional(),
  status: status.optional(),
});

const revocation = z
  .strictObject({
    token: z.string().min(1).optional().meta({ description: 'Its value, a JWT too' }),
    id: z.string().min(1).max(128).optional().meta({ description: 'Or its id' }),
    grant: z.boolean().optional().meta({
      default: false,
      description: 'Everything of the same authorization with it; a refresh token always ends all of it',
    }),
  })
  .refine(({ token: value, id }) => (value === undefined) !== (id === undefined), {
    path: ['token'],
    message: 'give either token or id',
  })
  .meta({ id: 'TokenRevocation' });

export const revoked = z
  .object({ revoked: z.int().nullable().meta({ description: 'Tokens that lived until now; null: too many to count' }) })
  .meta({ id: 'Revoked' });

/** All tokens, and what can be done to one. */
export function tokenRoutes({ tokenList, revocation: revoke, exchangeToken, pats }: TokenRouteDeps): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/tokens',
      scope: 'tokens:read',
      summary: 'List tokens, newest first, expired ones as long as they are kept; never their values',
      query,
      status: 200,
      result: tokenPage,
      handle: ({ query: { limit, cursor, client_id, user_id, grant_id, ...filter } }) =>
        listPage(
          tokenList,
          { limit, cursor },
          { ...filter, clientId: client_id, accountId: user_id, grantId: grant_id },
        ),
    }),
    route({
      method: 'GET',
      path: '/tokens/:id',
      scope: 'tokens:read',
      summary: 'Read what is known of a token',
      status: 200,
      result: token,
      handle: async ({ params }) => toWire(found('token', await tokenList.find(params.id))),
    }),
    route({
      method: 'POST',
      path: '/tokens/revoke',
      scope: 'tokens:write',
      summary:
        'Revoke a token by its value or id. An access token leaves its refresh token, a refresh token leaves nothing',
      audit: 'token.revoke',
      // Its value is not to be written down: of that there is no more to say than how many tokens it ended.
      details: ({ body: { id, grant } }, { revoked: ended }) => ({ token_id: id, grant, revoked: ended }),
      body: revocation,
      status: 200,
      result: revoked,
      async handle({ body: { token: value, id = '', grant: wholeGrant }, by }) {
        const options = { wholeGrant, by };
        if (value !== undefined && looksLikePat(value)) return { revoked: (await pats.revokeValue(value, by)) ? 1 : 0 };
        if (value === undefined) return { revoked: await revoke.revokeId(id, options) };
        return { revoked: await revoke.revokeValue(await exchangeToken(value), options) };
      },
    }),
  ];
}

export function listPage(
  tokenList: TokenList,
  wanted: { limit?: number | undefined; cursor?: string | undefined },
  filter: TokenFilter,
) {
  return readPage((at) => tokenList.list(filter, at), wanted, toWire, '');
}

function toWire(listed: ListedToken): z.output<typeof token> {
  return {
    id: listed.id,
    kind: listed.kind,
    client_id: listed.clientId,
    user_id: listed.accountId ?? null,
    grant_id: listed.grantId ?? null,
    scope: listed.scope ?? null,
    audience: listed.audience ?? null,
    format: listed.format,
    grant_type: listed.grantType ?? null,
    issued_at: listed.issuedAt.toISOString(),
    expires_at: listed.expiresAt.toISOString(),
    status: listed.status,
    last_used_at: listed.lastUsedAt?.toISOString() ?? null,
  };
}
