import { flushCompileCache } from 'node:module';

/** The server in this process: main.ts starts it when loaded, and ends the process when it is told to stop. */
export async function serve(): Promise<number> {
  await import('#src/main.ts');
  // Now, because a process that is killed writes nothing.
  flushCompileCache();
  return 0;
}
