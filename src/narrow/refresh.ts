/** Refresh (RFC 6749 §6) of the scope that was granted. One that asks for less, and one that comes again, is the engine's. */
import { REFRESH_GRANT } from '#src/oauth/grant-types.ts';
import { rememberAnswer } from '#src/tokens/index.ts';
import { type ExchangeDeps, exchange } from './exchange.ts';
import type { Endpoint } from './index.ts';
import { mayUse } from './request/client.ts';
import { hasOnly } from './request/form.ts';
import { isOpaque } from './request/opaque.ts';

const PARAMETERS = new Set(['grant_type', 'refresh_token', 'resource', 'client_id', 'client_secret']);

export function refreshToken(deps: ExchangeDeps): Endpoint {
  const { units } = deps.tokens;
  return {
    takes: (form) =>
      form.get('grant_type') === REFRESH_GRANT && hasOnly(form, PARAMETERS) && isOpaque(form.get('refresh_token')),

    async answer(form, { client }) {
      if (!mayUse(REFRESH_GRANT, client)) return undefined;
      const value = form.get('refresh_token') ?? '';
      const resource = form.get('resource');
      return units.run(async () => {
        const response = await exchange(deps, { kind: REFRESH_GRANT, value, client, resource, passes: () => true });
        const request = { refreshToken: value, clientId: client.id, resource };
        if (response) rememberAnswer(units.open(), request, response, client.refreshTokenGrace);
        return response;
      });
    },
  };
}
