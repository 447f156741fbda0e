import { readConfig } from '#src/config.ts';
import { DataDirectoryInUse, migrateDatabase, Unavailable } from '#src/db/index.ts';
import { type Common, Refused } from './command.ts';
import { printJson, write } from './print.ts';

export async function migrate({ json }: Common): Promise<number> {
  const applied = await migrateDatabase(readConfig()).catch((error: unknown) => {
    if (error instanceof Unavailable || error instanceof DataDirectoryInUse) throw new Refused(error.message);
    throw error;
  });
  if (json) printJson({ applied });
  else if (applied.length === 0) write('nothing to apply');
  else for (const name of applied) write(`applied ${name}`);
  return 0;
}
