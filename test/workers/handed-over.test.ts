/** Connections on their way to a worker that is killed. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { basic } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';
import { logLines, TWO_WORKERS, workerPids } from './support.ts';

const AT_ONCE = 24;
const KILLED = 3;
const STARTED_MS = 20_000;
/** Whoever is not answered in this time is not answered at all. */
const PATIENCE_MS = 15_000;

type Outcome = 'answered' | 'cut off' | 'left waiting';

/** A token, by a connection of its own. */
function ask({ admin, url }: Server): Promise<Outcome> {
  const headers = {
    authorization: basic(admin.client_id, admin.client_secret),
    'content-type': 'application/x-www-form-urlencoded',
  };
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const asking = request(`${url}/oauth/token`, { method: 'POST', headers, agent: false, signal });
    const over = () => resolve(signal.aborted ? 'left waiting' : 'cut off');
    asking.on('response', (answer) => text(answer).then(() => resolve('answered'), over)).on('error', over);
    asking.end('grant_type=client_credentials&scope=admin');
  });
}

(process.platform === 'linux' ? test : test.skip)(
  'get to the other worker, and nobody waits for ever',
  async () => {
    const server = await startServer({ engine: 'postgres', env: TWO_WORKERS });
    const replaced = () =>
      logLines(server).filter(({ msg }) => msg === 'a worker took the place of one that ended').length;
    const outcomes: Outcome[] = [];
    let killed = 0;
    const load = Array.from({ length: AT_ONCE }, async () => {
      while (killed < KILLED) outcomes.push(await ask(server));
    });
    while (killed < KILLED) {
      const soFar = outcomes.length;
      await eventually(() => outcomes.length > soFar + AT_ONCE, STARTED_MS);
      process.kill((workerPids(server) as [number, number])[0], 'SIGKILL');
      await eventually(() => replaced() > killed, STARTED_MS);
      killed += 1;
    }
    await Promise.all(load);
    expect(outcomes.filter((outcome) => outcome === 'left waiting')).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThan(AT_ONCE);
    await server.stop();
  },
  90_000,
);
