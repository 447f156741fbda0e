import type { Noun } from './command.ts';
import { crud } from './resource.ts';
import { tokensOf } from './tokens.ts';

const GRANTS = '/users/{id}/grants';
const AUTHENTICATORS = '/users/{id}/authenticators';
const SESSIONS = '/users/{id}/sessions';

export const users: Noun = {
  about: 'people who sign in',
  verbs: {
    ...crud({ one: 'a user', path: '/users', key: 'id', columns: ['id', 'username', 'name', 'email', 'disabled'] }),
    disable: { about: 'shut a user out, for a time or until enabled', method: 'POST', path: '/users/{id}/disable' },
    enable: { about: 'let a user in again', method: 'POST', path: '/users/{id}/enable' },
    'password-reset': {
      about: 'make a link with which a user sets a new password, once',
      method: 'POST',
      path: '/users/{id}/password-reset',
    },
    ...tokensOf('a user', '/users/{id}'),
    'grants list': {
      about: 'list what a user has agreed to',
      method: 'GET',
      path: GRANTS,
      columns: ['id', 'client_id', 'scope', 'created_at', 'expires_at'],
    },
    'grants end': { about: 'end one grant and its tokens', method: 'DELETE', path: `${GRANTS}/{grant_id}` },
    'authenticators list': {
      about: 'list what a user signs in with',
      method: 'GET',
      path: AUTHENTICATORS,
      columns: ['id', 'type', 'name', 'created_at', 'last_used_at', 'remaining'],
    },
    'authenticators remove': {
      about: 'take away password, totp, recovery_codes or a passkey',
      method: 'DELETE',
      path: `${AUTHENTICATORS}/{authenticator_id}`,
    },
    'authenticators reset': {
      about: 'take away all but the password, to enrol anew',
      method: 'DELETE',
      path: AUTHENTICATORS,
    },
    'sessions list': {
      about: 'list where a user is signed in',
      method: 'GET',
      path: SESSIONS,
      columns: ['id', 'kind', 'ip', 'user_agent', 'created_at', 'last_used_at', 'amr'],
    },
    'sessions end': {
      about: 'sign a user out in one place',
      method: 'DELETE',
      path: `${SESSIONS}/{session_id}`,
    },
    'sessions end-all': { about: 'sign a user out everywhere', method: 'DELETE', path: SESSIONS },
  },
};
