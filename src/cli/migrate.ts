import { readConfig } from '#src/config.ts';
import { DataDirectoryInUse, Unavailable } from '#src/db/index.ts';
import { type LocalCommand, Refused } from './command.ts';
import { migrateDatabase } from './database.ts';
import { printJson, write } from './print.ts';

export const migrate: LocalCommand = {
  about: 'bring the database up to date; npm start does it too',
  async run({ json }) {
    const applied = await migrateDatabase(readConfig()).catch((error: unknown) => {
      if (error instanceof Unavailable || error instanceof DataDirectoryInUse) throw new Refused(error.message);
      throw error;
    });
    if (json) printJson({ applied });
    else
      for (const line of applied.length > 0 ? applied.map((name) => `applied ${name}`) : ['nothing to apply'])
        write(line);
    return 0;
  },
};
