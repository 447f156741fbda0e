/**
 * `npm run demo`: the server on data of its own, a sample application beside it, and a user ready to sign in. Ctrl-C ends
 * both; the data stays in .demo for the next time.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { connect } from '#src/cli/index.ts';
import { startApp } from './app.ts';
import { freePort, startMintmark } from './mintmark.ts';
import { type Prepared, prepare } from './prepare.ts';

const port = Number(process.env.PORT || (await freePort(3000)));
const appPort = await freePort(3001);
// The issuer is fixed for the life of the data, so each port has data of its own.
const dataDir = resolve('.demo', String(port));
const app = `http://localhost:${appPort}`;
const audience = `${app}/api`;

console.log('Starting Mintmark …');
await mkdir(dataDir, { recursive: true, mode: 0o700 });
const mintmark = await startMintmark({ port, dataDir, env: { LOG_LEVEL: 'warn' } });

let stopping = false;
process.on('SIGINT', stop).on('SIGTERM', stop);

const prepared = await prepare(connect(mintmark.url, adminClient), app, audience, dataDir);
const server = await startApp({ port: appPort, url: app, issuer: mintmark.url, audience, ...prepared });
console.log(instructions(prepared));

await mintmark.ended;
server.close();
server.closeAllConnections();
if (!stopping) {
  console.error('The server has ended by itself.');
  process.exitCode = 1;
}

function stop(): void {
  if (stopping) return;
  stopping = true;
  void mintmark.stop();
}

async function adminClient(): Promise<{ id: string; secret: string }> {
  const { client_id, client_secret } = JSON.parse(await readFile(join(dataDir, 'admin.json'), 'utf8'));
  return { id: client_id, secret: client_secret };
}

function instructions({ username, password }: Prepared): string {
  return `
  Mintmark runs at   ${mintmark.url}
  A sample app at    ${app}

  1. Open ${app} and click "Sign in with Mintmark".
  2. Sign in as      ${username}
     with password   ${password}
  3. Allow the Coffee App what it asks for.
  4. Look at the ID token, see the menu, order a coffee, refresh, sign out.

  Ctrl-C ends both. Remove .demo to begin anew.
`;
}
