/** The API: a resource server that trusts signatures and asks nobody (RFC 9068). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';

const MENU = { espresso: 2.2, flat_white: 3.4, filter: 2.8 };

export function createCoffeeBar(issuer: string, audience: string) {
  const keys = createRemoteJWKSet(new URL('/oauth/jwks', issuer));

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const orders = request.method === 'POST';
    const wanted = orders ? 'order:coffee' : 'read:coffee';
    const [, token = ''] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    // The type keeps an ID token, signed by the same keys, from passing as an access token (RFC 9068 §4).
    const verified = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' }).catch(() => undefined);
    if (!verified) return refuse(response, 401, 'error="invalid_token"');
    if (!scopesOf(verified.payload).includes(wanted)) {
      return refuse(response, 403, `error="insufficient_scope", scope="${wanted}"`);
    }
    respond(response, 200, orders ? { ordered: 'flat_white', for: verified.payload.sub } : { menu: MENU });
  };
}

function scopesOf({ scope }: JWTPayload): string[] {
  return typeof scope === 'string' ? scope.split(' ') : [];
}

/** RFC 6750 §3 */
function refuse(response: ServerResponse, status: number, challenge: string): void {
  response.setHeader('www-authenticate', `Bearer ${challenge}`);
  respond(response, status, { refused: challenge });
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
