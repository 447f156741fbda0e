import type { Noun } from './command.ts';
import { crud } from './resource.ts';

export const policies: Noun = {
  about: 'authentication policies: what is demanded of users who sign in',
  verbs: crud({
    one: 'an authentication policy',
    path: '/auth-policies',
    key: 'id',
    columns: ['id', 'name', 'updated_at'],
  }),
};
