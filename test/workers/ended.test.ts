/** Workers that end, and a primary that does. */
import { describe, expect, test } from '@jest/globals';
import { codeFor, exchange, introspect, post } from '../races/app.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { restart, type Server, startServer } from '../support/server.ts';
import { logLines, registerApp, SCOPE, TWO_WORKERS, workerPids } from './support.ts';

const LOAD = 8;
/** Answers of the workers that lived, after the kill. */
const MANY = 40;
const STARTED_MS = 20_000;

const onLinux = process.platform === 'linux' ? describe : describe.skip;

/** Whether a process is there. */
function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

onLinux.each(ENGINES)('On %s, of two workers', (engine) => {
  test('one that is killed under load spoils no answer of the other, and is replaced', async () => {
    const server = await startServer({ engine, env: TWO_WORKERS });
    const app = await registerApp(server);
    const { body: first } = await exchange(server, app, await codeFor(server, app, SCOPE));
    const [, victim] = workerPids(server) as [number, number];

    let killed = false;
    let rightAfterwards = 0;
    const wrong: unknown[] = [];
    let refreshToken: string = first.refresh_token;
    const kept: string[] = [];
    /** A request whose connection broke was not answered, and is no wrong answer; its chain goes on with what was acknowledged. */
    async function refreshOnAndOn(): Promise<void> {
      while (rightAfterwards < MANY && wrong.length === 0) {
        const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
        const answer = await post(server, '/oauth/token', app, form).catch(() => undefined);
        if (!answer) continue;
        if (answer.status !== 200) wrong.push(answer);
        else refreshToken = answer.body.refresh_token;
      }
    }
    async function lookOnAndOn(): Promise<void> {
      while (rightAfterwards < MANY && wrong.length === 0) {
        const form = { grant_type: 'client_credentials', scope: 'things:read' };
        const refused = await post(server, '/oauth/token', app, form).catch(() => undefined);
        // The app has no such grant: the one right answer.
        if (refused && refused.body.error !== 'unauthorized_client') wrong.push(refused);
        const answer = await introspect(server, app, refreshToken).catch(() => undefined);
        if (answer?.active) kept.push(refreshToken);
        if (answer && killed) rightAfterwards += 1;
      }
    }
    const load = [refreshOnAndOn(), ...Array.from({ length: LOAD }, lookOnAndOn)];
    await eventually(() => kept.length > 10, STARTED_MS);
    process.kill(victim, 'SIGKILL');
    killed = true;
    await Promise.all(load);
    expect(wrong).toEqual([]);

    await eventually(
      () => logLines(server).some(({ msg }) => msg === 'a worker took the place of one that ended'),
      STARTED_MS,
    );
    expect(workerPids(server)).toHaveLength(2);
    expect(workerPids(server)).not.toContain(victim);
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    expect((await post(server, '/oauth/token', app, form)).status).toBe(200);
    await server.stop();
  }, 90_000);

  test('both end by themselves when the primary is killed, and another can start at once', async () => {
    const server = await startServer({ engine, env: TWO_WORKERS });
    const app = await registerApp(server);
    const { body } = await exchange(server, app, await codeFor(server, app, SCOPE));
    const pids = workerPids(server) as number[];
    expect(pids).toHaveLength(2);
    await server.kill();
    await eventually(() => !pids.some(lives));
    const again = await restart(server, TWO_WORKERS);
    expect(await introspect(again, app, body.access_token)).toMatchObject({ active: true });
  }, 90_000);

  test('one that is told to stop drains and is replaced; told to stop twice, and each of them too, all end with 0', async () => {
    const server = await startServer({ engine, env: TWO_WORKERS });
    const [one] = workerPids(server) as [number, number];
    process.kill(one, 'SIGTERM');
    await eventually(
      () => logLines(server).some(({ msg }) => msg === 'a worker took the place of one that ended'),
      STARTED_MS,
    );
    // What a terminal's Ctrl-C under npm does.
    for (const pid of [server.pid, ...(workerPids(server) as number[]), server.pid]) process.kill(pid, 'SIGINT');
    await server.stop();
  }, 90_000);
});

onLinux('Two workers that are told to stop', () => {
  test('finish what is in flight', async () => {
    const server: Server = await startServer({ engine: 'embedded', env: TWO_WORKERS });
    const app = await registerApp(server);
    const code = await codeFor(server, app, SCOPE);
    const asked = exchange(server, app, code);
    const others = Array.from({ length: 20 }, () => fetch(`${server.url}/readyz`).then(({ status }) => status));
    // The exchange takes longer than a look at the database that was asked for later.
    await Promise.race(others);
    const stopped = server.stop();
    expect((await asked).status).toBe(200);
    await Promise.allSettled(others);
    await stopped;
  }, 60_000);
});
