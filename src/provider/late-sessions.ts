import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { DEFAULT_LIFETIMES } from '#src/oauth/lifetimes.ts';

interface Session {
  readonly id: string;
  readonly exp?: number;
  persist(): Promise<unknown>;
  save(ttl: number): Promise<unknown>;
}

/**
 * A refused device form is shown again, with a new secret in the session, when the engine's session handling is already
 * over; the engine then saves the session as one that it saved before. For a browser that came without one (cookies
 * blocked, or expired while the form lay open) it throws. Here such a session begins: saved, and with its cookie.
 */
export function beginLateSessions(provider: Provider, options: object | undefined): void {
  const prototype = provider.Session.prototype as unknown as Session;
  const { persist } = prototype;
  prototype.persist = async function begin(this: Session) {
    if (this.exp !== undefined) return persist.call(this);
    const ctx = Provider.ctx as KoaContextWithOIDC | undefined;
    ctx?.oidc.cookies.set(provider.cookieName('session'), this.id, options);
    return this.save(DEFAULT_LIFETIMES.session);
  };
}
