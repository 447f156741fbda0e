import type { Noun } from './command.ts';

const PAT = '/pats/{pat_id}';

export const pats: Noun = {
  about: 'personal access tokens, which people make for programs of theirs',
  verbs: {
    list: {
      about: 'list them, newest first, page by page',
      method: 'GET',
      path: '/pats',
      columns: ['id', 'status', 'user_id', 'name', 'scopes', 'audience', 'expires_at', 'last_used_at'],
    },
    get: { about: 'show what is known of one', method: 'GET', path: PAT },
    create: { about: 'make one for a user', method: 'POST', path: '/pats' },
    revoke: { about: 'end one', method: 'DELETE', path: PAT },
    validate: { about: 'whether one is good for an API, and why not', method: 'POST', path: '/pats/validate' },
    report: { about: 'end those that were found in the wrong place', method: 'POST', path: '/pats/report' },
  },
};
