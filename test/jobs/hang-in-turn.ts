/** A process that takes up one turn and never ends it, until it is killed. Its settings are in the environment. */
import { openDatabase } from '#src/db/index.ts';
import { createTurns } from '#src/jobs/index.ts';

const config = JSON.parse(process.env.DATABASE_CONFIG ?? '') as Parameters<typeof openDatabase>[0];
const db = await openDatabase(config);
const turns = createTurns({
  db,
  log: console,
  name: 'killed',
  slots: 1,
  lease: Number(process.env.LEASE),
  run: (key) => {
    console.log(`took up ${key}`);
    return new Promise(() => {});
  },
});
await turns.ask(['a']);
setInterval(() => {}, 60_000);
