/** A process that migrates the database it is given and prints how many migrations it applied. */
import { migrate } from '#src/db/migrate.ts';

const [url = ''] = process.argv.slice(2);
const applied = await migrate(url);
console.log('applied', applied.length);
