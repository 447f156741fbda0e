import type { Noun } from './command.ts';

export const rules: Noun = {
  about: 'revocation rules: each takes back every token that matches it',
  verbs: {
    list: {
      about: 'list those in force',
      method: 'GET',
      path: '/revocation-rules',
      columns: ['id', 'user_id', 'client_id', 'scope', 'audience', 'kind', 'issued_before', 'reason'],
    },
    get: { about: 'show a rule', method: 'GET', path: '/revocation-rules/{id}' },
    create: { about: 'take back what matches, or with --dry_run count it', method: 'POST', path: '/revocation-rules' },
  },
};
