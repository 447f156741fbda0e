import type { Noun } from './command.ts';
import { crud } from './resource.ts';

export const apis: Noun = {
  about: 'resource servers, their scopes and token format',
  verbs: crud({
    one: 'an API',
    path: '/apis',
    key: 'identifier',
    columns: ['identifier', 'name', 'access_token_format', 'signing_alg', 'scopes'],
  }),
};
