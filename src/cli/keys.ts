import type { Noun } from './command.ts';
import { printJson, write } from './print.ts';

export const keys: Noun = {
  about: 'keys of the server',
  verbs: {
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
