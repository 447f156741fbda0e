import type { LocalCommand } from './command.ts';

export const serve: LocalCommand = {
  about: 'start the server; the same as npm start',
  async run() {
    await import('../main.ts');
    return 0;
  },
};
