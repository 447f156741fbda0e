import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { granted, token } from '../endpoints/protocol.ts';
import { send } from '../races/killed-ledger.ts';
import { behind } from '../support/behind.ts';
import { type RegisteredClient, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES, type Engine } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { restart, type Server, startServer } from '../support/server.ts';
import { withReceiver } from './receiver.ts';
import { FAMILY_CLIENT, type Hook, provedGood, type World, worldOf } from './support.ts';

/** Between a commit and its delivery: a hundred on both together. */
const KILLS: Record<Engine, number> = { embedded: 40, postgres: 60 };
/** Some delivery may be made in the very moment before the kill, which is then not counted. */
const LIVES_PER_KILL = 1.5;
const FAMILIES = 3;
/** How long after an answer the kill comes: mostly before the event is placed, sometimes in the middle of sending it. */
const MOMENTS_MS = [0, 10, 100, 300];
/** Longer than a life: a client that was not answered asks again, and gets the same answer. */
const GRACE_SECONDS = 300;

/** Somebody's refresh tokens, asked for again and again until they are answered. */
interface Chain {
  /** Those that were answered, in order. */
  readonly tokens: string[];
  /** @returns whether it was answered */
  refresh(server: Server): Promise<boolean>;
}

async function chain({ server, api }: World, app: RegisteredClient): Promise<Chain> {
  const { username, password } = await registerUser(api);
  const asked = { grant_type: 'password', username, password, scope: 'openid' };
  const tokens: string[] = [granted(await token(server, asked, { as: app })).refresh_token];
  return {
    tokens,
    async refresh(at) {
      const form = { grant_type: 'refresh_token', refresh_token: tokens.at(-1) ?? '' };
      const reply = await send(at, '/oauth/token', app, form);
      if (reply) tokens.push(granted({ ...reply, headers: new Headers() }).refresh_token);
      return reply !== undefined;
    },
  };
}

const told = (hook: Hook): string[] => hook.inbox.receipts.map(({ body }) => body.refresh_token);

/** Whether something was answered, and so committed, that has not been told. */
function isUntold(hook: Hook, chains: readonly Chain[]): boolean {
  const known = new Set(told(hook));
  return chains.some(({ tokens }) => tokens.some((value) => !known.has(value)));
}

/** Asks for all, and goes on at the first answer. @returns those that are to come, too */
async function firstAnswer(server: Server, chains: readonly Chain[]): Promise<Promise<boolean>[]> {
  const asked = chains.map((one) => one.refresh(server));
  await Promise.any(asked.map(async (answer) => ((await answer) ? true : Promise.reject(new Error('killed')))));
  return asked;
}

describe.each(ENGINES)('Killed between the commit of a token and its delivery, again and again, on %s', (engine) => {
  const receiver = withReceiver();

  async function start(): Promise<{ server: Server; hook: Hook; chains: Chain[] }> {
    const server = await startServer({ engine });
    const world = await worldOf(server, receiver);
    const app = await registerClient(world.api, { ...FAMILY_CLIENT, refresh_token_grace: GRACE_SECONDS });
    const hook = await world.hook({ format: 'notification', events: undefined, client_ids: [app.client_id] });
    await provedGood(world, hook);
    const chains = await Promise.all(Array.from({ length: FAMILIES }, () => chain(world, app)));
    return { server, hook, chains };
  }

  /** @returns whether it was killed when something had been answered and not been told */
  async function liveAndDie(server: Server, hook: Hook, chains: readonly Chain[], moment: number): Promise<boolean> {
    let asked = await firstAnswer(server, chains);
    await sleep(moment);
    // All was delivered meanwhile: then it dies at the next answer.
    if (!isUntold(hook, chains)) {
      await Promise.all(asked);
      asked = await firstAnswer(server, chains);
    }
    const between = isUntold(hook, chains);
    await server.kill();
    await Promise.all(asked);
    // Nobody else would believe that it is dead for half a minute. On the embedded engine a start is proof enough.
    if (engine === 'postgres')
      await behind(server, `update pgboss.job set started_on = started_on - interval '1 minute'`);
    return between;
  }

  test('nothing is lost, nothing comes out of order, and what comes twice has the same id', async () => {
    let { server, hook, chains } = await start();
    hook.inbox.answer = async () => {
      await sleep(Math.random() * 20);
      return { status: 204 };
    };
    let between = 0;
    for (let life = 0; between < KILLS[engine] && life < KILLS[engine] * LIVES_PER_KILL; life += 1) {
      if (await liveAndDie(server, hook, chains, MOMENTS_MS[life % MOMENTS_MS.length] ?? 0)) between += 1;
      server = await restart(server);
    }
    expect(between).toBe(KILLS[engine]);
    for (const one of chains) await one.refresh(server);
    await eventually(() => {
      const known = new Set(told(hook));
      return chains.every(({ tokens }) => tokens.every((value) => known.has(value)));
    }, 30_000);

    for (const { tokens } of chains) {
      const mine = told(hook).filter((value) => tokens.includes(value));
      expect([...new Set(mine)]).toEqual(tokens);
    }
    const ids = new Map(hook.inbox.receipts.map(({ id, body }) => [body.refresh_token, id]));
    for (const { id, body } of hook.inbox.receipts) expect(id).toBe(ids.get(body.refresh_token));
    expect(new Set(ids.values()).size).toBe(ids.size);
    expect(ids.size).toBe(chains.reduce((sum, { tokens }) => sum + tokens.length, 0));
  }, 600_000);
});
