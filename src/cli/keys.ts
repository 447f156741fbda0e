import type { Noun } from './command.ts';
import { printJson, write } from './print.ts';

export const keys: Noun = {
  about: 'keys that sign tokens, and the secret keys of the server',
  verbs: {
    list: {
      about: 'list signing keys',
      method: 'GET',
      path: '/keys',
      columns: ['kid', 'alg', 'state', 'signs_from', 'signs_until', 'retires_at'],
    },
    rotate: { about: 'publish the next signing keys now, before they are due', method: 'POST', path: '/keys/rotate' },
    revoke: { about: 'remove a signing key at once', method: 'POST', path: '/keys/{kid}/revoke' },
    secret: {
      about: 'print a fresh value for MINTMARK_SECRET_KEYS',
      async run({ json }) {
        const { randomSecret } = await import('#src/crypto/index.ts');
        const key = randomSecret();
        if (json) printJson({ key });
        else write(key);
        return 0;
      },
    },
  },
};
