import type { Noun } from './command.ts';
import { crud } from './resource.ts';

export const users: Noun = {
  about: 'people who sign in',
  verbs: {
    ...crud({ one: 'a user', path: '/users', key: 'id', columns: ['id', 'username', 'name', 'email', 'disabled'] }),
    disable: { about: 'shut a user out, for a time or until enabled', method: 'POST', path: '/users/{id}/disable' },
    enable: { about: 'let a user in again', method: 'POST', path: '/users/{id}/enable' },
  },
};
