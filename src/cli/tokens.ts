import type { Noun, Operation } from './command.ts';

const COLUMNS = ['id', 'kind', 'status', 'client_id', 'user_id', 'scope', 'expires_at'];

export const tokens: Noun = {
  about: 'what was handed out: access and refresh tokens, codes',
  verbs: {
    list: { about: 'list them, newest first, page by page', method: 'GET', path: '/tokens', columns: COLUMNS },
    get: { about: 'show what is known of a token', method: 'GET', path: '/tokens/{id}' },
    revoke: { about: 'end one token, named by --id or by --token', method: 'POST', path: '/tokens/revoke' },
  },
};

/** The verbs for all tokens of one client or one user. */
export function tokensOf(owner: string, path: string): Record<string, Operation> {
  return {
    'tokens list': {
      about: `list the live tokens of ${owner}`,
      method: 'GET',
      path: `${path}/tokens`,
      columns: COLUMNS,
    },
    'tokens revoke': { about: `end all tokens of ${owner}`, method: 'DELETE', path: `${path}/tokens` },
  };
}
