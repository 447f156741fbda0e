/** A process that opens the data directory it is given, commits a row, says so, and stays until it is killed. */
import { openDatabase } from '#src/db/index.ts';

const [dataDir = ''] = process.argv.slice(2);
const db = await openDatabase({ database: { engine: 'embedded' }, dataDir });
await db.query("insert into replays (id, expires_at) values ('kept', now())");
console.log('open');
setInterval(() => {}, 1_000);
