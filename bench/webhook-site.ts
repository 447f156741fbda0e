/** A server with people whose tokens are refreshed, and a receiver for its webhooks: what webhooks are measured on. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Api } from '#src/cli/index.ts';
import { apiOf, MINTMARK_PATHS, startInstance } from './instances.ts';
import { cpuSeconds, type Machine } from './machine.ts';
import type { Postgres } from './postgres.ts';
import { clusterSeconds } from './postgres-cpu.ts';
import type { Chain, Refreshed, RefreshJob } from './refresh-load.ts';
import { credentialsOf, registerMachine } from './registered.ts';
import { basic } from './requests.ts';
import type { Counted, Receiver } from './webhook-receiver.ts';

export interface Site {
  readonly name: string;
  readonly api: Api;
  readonly origins: Receiver;
  /** What the receiver has got on this path. */
  count(path: string): Promise<Counted>;
  /** Ends the connections that wait for an answer. */
  hangUp(): Promise<void>;
  /** @throws at the first answer that is not a new pair of tokens */
  refresh(effort: Pick<RefreshJob, 'rate' | 'seconds' | 'most'>): Promise<Omit<Refreshed, 'chains' | 'error'>>;
  /** CPU time so far, in seconds. The embedded engine is part of the server. */
  cpu(): { readonly server: number; readonly postgres: number };
  stop(): Promise<void>;
}

/** People, each with one chain of refresh tokens, spread over applications. */
const PEOPLE = 32;
const APPLICATIONS = 8;
/** For a load that is not answered. */
const PATIENCE_MS = 60_000;

/** @param postgres undefined: the embedded one */
export async function openSite(machine: Machine, postgres?: Postgres): Promise<Site> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-webhooks-'));
  const env = { LOG_LEVEL: 'warn' };
  const server = await startInstance({ postgres, dataDir, env, launcher: machine.serverCore });
  const receiver = await startReceiver(machine);
  const api = apiOf(server.url);
  const { scope } = await registerMachine(api);
  let chains = await startChains(server.url, api, scope);

  return {
    name: postgres ? 'Mintmark, Postgres' : 'Mintmark, embedded Postgres',
    api,
    ...receiver,

    async refresh(effort) {
      const port = Number(new URL(server.url).port);
      const { error, ...refreshed } = await load({ port, path: MINTMARK_PATHS['/token'], chains, ...effort }, machine);
      if (error) throw new Error(`a refresh: ${error}`);
      chains = [...refreshed.chains];
      return refreshed;
    },

    cpu: () => ({ server: cpuSeconds(server.pid) ?? 0, postgres: (postgres && clusterSeconds(postgres)) ?? 0 }),

    async stop() {
      await receiver.stop();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function startReceiver({ loadCore }: Machine) {
  const script = fileURLToPath(new URL('./webhook-receiver.ts', import.meta.url));
  const [command = '', ...args] = [...loadCore, process.execPath, script];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    ended.then(() => Promise.reject(new Error('the receiver did not start'))),
  ]);
  const origins = JSON.parse(line) as Receiver;
  return {
    origins,
    async count(path: string) {
      const answer = await fetch(`${origins.healthy}/count?path=${encodeURIComponent(path)}`);
      return (await answer.json()) as Counted;
    },
    async hangUp() {
      await fetch(`${origins.healthy}/hang-up`, { method: 'POST' });
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Everybody signs in once, by password: what is measured is refreshing. */
async function startChains(url: string, api: Api, scope: string): Promise<Chain[]> {
  const applications: string[] = [];
  while (applications.length < APPLICATIONS) applications.push(await newApplication(api, scope));
  const chains: Chain[] = [];
  while (chains.length < PEOPLE) {
    const person = { username: `bench-${chains.length}`, password: randomBytes(18).toString('hex') };
    await api.request('POST', '/users', { ...person, email: `${person.username}@bench.example` });
    const authorization = applications[chains.length % APPLICATIONS] as string;
    const answer = await fetch(url + MINTMARK_PATHS['/token'], {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams({ grant_type: 'password', ...person, scope }),
    });
    const { refresh_token: refreshToken } = (await answer.json()) as { refresh_token?: string };
    if (refreshToken === undefined) throw new Error(`no refresh token: ${answer.status}`);
    chains.push({ authorization, refreshToken });
  }
  return chains;
}

async function newApplication(api: Api, scope: string): Promise<string> {
  const made = await api.request('POST', '/clients', {
    client_name: 'Bench',
    grant_types: ['authorization_code', 'refresh_token', 'password'],
    redirect_uris: ['https://bench.example/callback'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope,
    first_party: true,
  });
  return basic(credentialsOf(made));
}

async function load(job: RefreshJob, { loadCore }: Machine): Promise<Refreshed> {
  const script = fileURLToPath(new URL('./refresh-load.ts', import.meta.url));
  const [command = '', ...args] = [...loadCore, process.execPath, script];
  const timeout = job.seconds * 1_000 + PATIENCE_MS;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], timeout });
  const exit = once(child, 'exit');
  child.stdin.end(JSON.stringify(job));
  const output = await text(child.stdout);
  await exit;
  if (child.exitCode !== 0) throw new Error('the load generator failed, or was not answered');
  return JSON.parse(output) as Refreshed;
}
