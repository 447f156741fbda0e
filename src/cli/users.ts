import type { Noun } from './command.ts';
import { crud } from './resource.ts';
import { tokensOf } from './tokens.ts';

const GRANTS = '/users/{id}/grants';

export const users: Noun = {
  about: 'people who sign in',
  verbs: {
    ...crud({ one: 'a user', path: '/users', key: 'id', columns: ['id', 'username', 'name', 'email', 'disabled'] }),
    disable: { about: 'shut a user out, for a time or until enabled', method: 'POST', path: '/users/{id}/disable' },
    enable: { about: 'let a user in again', method: 'POST', path: '/users/{id}/enable' },
    ...tokensOf('a user', '/users/{id}'),
    'grants list': {
      about: 'list what a user has agreed to',
      method: 'GET',
      path: GRANTS,
      columns: ['id', 'client_id', 'scope', 'created_at', 'expires_at'],
    },
    'grants end': { about: 'end one grant and its tokens', method: 'DELETE', path: `${GRANTS}/{grant_id}` },
  },
};
