/** The mintmark command. `bin/mintmark.js` loads this on the right Node; what it can do is listed in `cli/nouns.ts`. */
import { run } from './cli/index.ts';

process.exitCode = await run(process.argv.slice(2));
