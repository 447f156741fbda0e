import type { Noun } from './command.ts';

export const audit: Noun = {
  about: 'who did what to whom, and how it ended',
  verbs: {
    list: {
      about: 'list the records, newest first, page by page',
      method: 'GET',
      path: '/audit',
      columns: ['at', 'actor', 'action', 'target', 'outcome', 'reason', 'ip'],
    },
  },
};
