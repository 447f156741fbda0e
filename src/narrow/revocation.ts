/**
 * Revocation (RFC 7009) of opaque tokens by the client they were given to. Of one that is unknown, or does not live any more,
 * there is nothing left to end, and nobody is told which of the two it is (§2.2).
 */
import type { Client } from '#src/clients/index.ts';
import type { FoundToken, Tokens } from '#src/tokens/index.ts';
import { NOTHING } from './answer.ts';
import type { Endpoint } from './index.ts';
import { isLiving } from './living.ts';
import { hasOnly } from './request/form.ts';
import { isOpaque } from './request/opaque.ts';

export interface RevocationDeps {
  readonly tokens: Tokens;
}

const PARAMETERS = new Set(['token', 'token_type_hint', 'client_id', 'client_secret']);

export function revocation({ tokens }: RevocationDeps): Endpoint {
  const { units } = tokens;
  return {
    takes: (form) => hasOnly(form, PARAMETERS) && isOpaque(form.get('token')),

    answer: (form, { client }) =>
      units.run(async () => {
        const token = await tokens.find(form.get('token') ?? '');
        if (!token) return NOTHING;
        if (!isPlain(token, client)) return undefined;
        const unit = units.open();
        unit.endToken(token.id);
        // A refresh token takes what came of it along; an access token leaves the refresh token good (§2.1).
        if (token.kind === 'refresh_token' && token.grantId !== undefined) unit.endedGrants.add(token.grantId);
        return NOTHING;
      }),
  };
}

/** A row of another format lies under a name that is no secret: by that alone nobody ends it. */
function isPlain(token: FoundToken, client: Client): boolean {
  if (token.kind !== 'access_token' && token.kind !== 'refresh_token') return false;
  if (token.format !== 'opaque' || token.clientId !== client.id) return false;
  return isLiving(token);
}
