import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignedIn } from './pages.ts';

/** What a sign-in that is under way must come back with: one transaction, one browser (RFC 9700 §2.1). */
export interface Checks {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

export interface Granted extends SignedIn {
  readonly refreshToken: string | undefined;
  readonly idToken: string;
}

interface Session {
  readonly checks?: Checks;
  readonly granted?: Granted;
}

export interface Sessions {
  read(request: IncomingMessage): Session;
  write(request: IncomingMessage, response: ServerResponse, session: Session): void;
  end(request: IncomingMessage, response: ServerResponse): void;
}

/** A host's cookies are shared by all its ports, so the name must not be anybody else's. */
const COOKIE = 'coffee_app';
/** A sample keeps what a person at one machine needs. */
const MOST = 100;

/** Sessions in memory. The browser holds a random name of one, never a token. */
export function createSessions(): Sessions {
  const sessions = new Map<string, Session>();

  function nameIn(request: IncomingMessage): string {
    return new RegExp(`(?:^|; )${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1] ?? '';
  }
  // Lax: sent when the server redirects back here, not with a form that another site posts.
  function name(response: ServerResponse, value: string, more = ''): void {
    response.setHeader('set-cookie', `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Lax${more}`);
  }

  return {
    read: (request) => sessions.get(nameIn(request)) ?? {},

    // A new name each time: one planted in the browser before the sign-in is worth nothing after it.
    write(request, response, session) {
      sessions.delete(nameIn(request));
      const [oldest] = sessions.keys();
      if (sessions.size >= MOST && oldest !== undefined) sessions.delete(oldest);
      const fresh = randomBytes(32).toString('base64url');
      sessions.set(fresh, session);
      name(response, fresh);
    },

    end(request, response) {
      sessions.delete(nameIn(request));
      name(response, '', '; Max-Age=0');
    },
  };
}
