/**
 * `npm run bench -- rules`: what a revocation rule costs with many living tokens: writing it, until it is first honoured at
 * two servers on one Postgres, and what rules add to an introspection. docs/retention.md says how to read it. Exit code 1
 * when a server does not honour it.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '#src/db/index.ts';
import type { Mintmark } from '../demo/mintmark.ts';
import { apiOf, asSubject, MINTMARK_PATHS, startInstance } from './instances.ts';
import { type LoadGenerator, startLoad } from './load-generator.ts';
import { thisMachine } from './machine.ts';
import { measure } from './measure.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type Registered, registerMachine } from './registered.ts';
import { basic } from './requests.ts';
import { fill, openStore } from './store.ts';
import type { Subject } from './subjects.ts';
import { introspection } from './works.ts';

export interface RulesOptions {
  readonly tokens: number;
  /** Per measurement of introspection. */
  readonly seconds: number;
  readonly json: boolean;
}

const RULES_BESIDE = [0, 1, 20];
const LONGEST_WAIT_MS = 10_000;

interface Result {
  readonly heading: string;
  readonly introspection: readonly { readonly rules: number; readonly p50_ms: number; readonly p99_ms: number }[];
  readonly rule_written_ms: number;
  /** From sending the rule to the first refusal, at the server that wrote it and at the other. */
  readonly first_refusal_ms: readonly [one: number, two: number];
}

/** @returns the exit code */
export async function rules({ tokens: count, seconds, json }: RulesOptions): Promise<number> {
  const postgres = await startPostgres();
  if (!postgres) throw new Error('this needs a Postgres: set TEST_DATABASE_URL, or install one');
  const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-rules-'));
  const key = randomBytes(32);
  const servers: Mintmark[] = [];
  try {
    const one = await startInstance({ postgres, dataDir, key });
    servers.push(one);
    const two = await startInstance({ postgres, dataDir, key, env: { MINTMARK_ISSUER: one.url } });
    servers.push(two);
    const subject = asSubject(one, await registerMachine(apiOf(one.url)), postgres);
    const [token = ''] = await fillUp(postgres, key, count, subject.registered);
    const machine = thisMachine();
    const heading = `${count} living tokens; two servers on one Postgres; ${machine.description}`;
    const load = startLoad(machine);
    const introspection = await besideRules(subject, seconds, load).finally(load.stop);
    const result = { heading, introspection, ...(await writeRule(subject, two.url, token)) };
    process.stdout.write(`${json ? JSON.stringify(result, null, 2) : asText(result)}\n`);
    return 0;
  } finally {
    for (const server of servers) await server.stop();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function fillUp(postgres: Postgres, key: Buffer, count: number, registered: Registered): Promise<string[]> {
  const db = await openDatabase({ database: { engine: 'postgres', url: postgres.url }, dataDir: '' });
  try {
    const values = await fill(await openStore(db, key), count, { ...registered, lifetime: 3_600 });
    await db.query('vacuum (analyze) tokens');
    return values;
  } finally {
    await db.close();
  }
}

/** One introspection after the other, beside rules that match none of these tokens: every one of them is compared. */
async function besideRules(subject: Subject, seconds: number, load: LoadGenerator): Promise<Result['introspection']> {
  const api = apiOf(subject.url);
  const effort = { seconds, concurrency: 1, warmUpSeconds: 1, most: 1_000_000 };
  const { work } = await introspection()(subject, { atOnce: 32, distinct: 512, once: 0 });
  const lines: { rules: number; p50_ms: number; p99_ms: number }[] = [];
  let written = 0;
  for (const wanted of RULES_BESIDE) {
    for (; written < wanted; written += 1) {
      const rule = { audience: subject.registered.audience, scope: `other:${written}`, reason: 'bench' };
      await api.request('POST', '/revocation-rules', rule);
    }
    const { p50, p99 } = await measure(subject, work, { load, effort });
    lines.push({ rules: wanted, p50_ms: p50, p99_ms: p99 });
  }
  return lines;
}

/** The rule that takes back all of them, while both servers are asked about one of them without a pause. */
async function writeRule(subject: Subject, otherUrl: string, token: string) {
  const api = apiOf(subject.url);
  await api.request('GET', '/revocation-rules');
  const watched = [subject.url, otherUrl].map((url) => firstRefusal(subject, url, token));
  const from = performance.now();
  await api.request('POST', '/revocation-rules', { client_id: subject.registered.clientId, reason: 'bench' });
  const rule_written_ms = performance.now() - from;
  const [one = 0, two = 0] = await Promise.all(watched);
  return { rule_written_ms, first_refusal_ms: [one - from, two - from] as const };
}

/** @returns when it was answered. @throws when it never is */
async function firstRefusal({ registered }: Subject, url: string, token: string): Promise<number> {
  const authorization = basic(registered);
  const until = performance.now() + LONGEST_WAIT_MS;
  while (performance.now() < until) {
    const body = new URLSearchParams({ token });
    const answer = await fetch(url + MINTMARK_PATHS['/token/introspection'], {
      method: 'POST',
      headers: { authorization },
      body,
    });
    const { active } = (await answer.json()) as { active?: boolean };
    if (active === false) return performance.now();
  }
  throw new Error(`${url} does not honour the rule`);
}

function asText({ heading, introspection, rule_written_ms, first_refusal_ms: [one, two] }: Result): string {
  return [
    heading,
    '',
    'introspection beside rules that do not match, one at a time',
    ...introspection.map(({ rules, p50_ms, p99_ms }) => `  ${rules} rules: p50 ${ms(p50_ms)}, p99 ${ms(p99_ms)}`),
    '',
    `a rule that matches all of them: written and answered in ${ms(rule_written_ms)}`,
    `first refusal after sending it: ${ms(one)} at the server that wrote it, ${ms(two)} at the other`,
  ].join('\n');
}

const ms = (value: number): string => `${value.toFixed(2)} ms`;
