import type { Noun } from './command.ts';
import { crud } from './resource.ts';
import { tokensOf } from './tokens.ts';

const SECRETS = '/clients/{client_id}/secrets';

export const clients: Noun = {
  about: 'applications that may ask for tokens',
  verbs: {
    ...crud({
      one: 'a client',
      path: '/clients',
      key: 'client_id',
      columns: ['client_id', 'client_name', 'grant_types', 'scope', 'disabled'],
    }),
    'secrets list': { about: "list a client's secrets, without their values", method: 'GET', path: SECRETS },
    'secrets add': { about: 'make a new secret and show it once', method: 'POST', path: SECRETS },
    'secrets remove': { about: 'end one secret', method: 'DELETE', path: `${SECRETS}/{id}` },
    ...tokensOf('a client', '/clients/{client_id}'),
  },
};
