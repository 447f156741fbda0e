import { insufficientScope } from '#src/http/index.ts';
import { ADMIN_SCOPES } from '#src/oauth/admin-scopes.ts';
import type { Format } from '#src/webhooks/index.ts';
import { covers } from './scopes.ts';

/**
 * Nobody makes, changes or takes over a client that may do here what they may not: `clients:write` would otherwise be
 * `admin`, by a client of one's own or by a new secret for somebody else's.
 *
 * @param registered what the client may ask for
 * @throws {Problem} 403 naming the scope that is missing
 */
export function refuseBeyond(held: ReadonlySet<string>, registered: string | undefined): void {
  const names = new Set(registered?.split(' '));
  const beyond = ADMIN_SCOPES.find(({ name }) => names.has(name) && !covers(held, name));
  if (beyond) throw insufficientScope(beyond.name);
}

/**
 * A notification carries the living tokens of whoever signs in. Who makes one, points it elsewhere, or can sign in its
 * name, holds everybody's: `webhooks:write` would otherwise be `admin`. Sending it what it would have got is no such thing.
 *
 * @param format of the webhook, if there is one
 * @throws {Problem} 403
 */
export function assertMayHoldTokens(held: ReadonlySet<string>, format: Format | undefined): void {
  if (format === 'notification' && !covers(held, 'admin')) throw insufficientScope('admin');
}
