/**
 * `npm run bench`: what Mintmark does in a second, next to the engine without it, in one run on one machine. Loopback only,
 * bounded in time and requests. Exit code 1 when an answer was wrong, 2 on wrong usage. docs/performance.md says how
 * to read it. Sub-commands (`npm run bench -- workers` and so on) measure something else (lifecycle.ts).
 */
import { loadavg } from 'node:os';
import { takesPart } from './cases.ts';
import { type Deliveries, webhookDeliveries } from './deliveries.ts';
import { lifecycle } from './lifecycle.ts';
import { startLoad } from './load-generator.ts';
import { thisMachine } from './machine.ts';
import { type Options, readOptions } from './options.ts';
import { addDatabase, type Postgres, startPostgres } from './postgres.ts';
import { startArgon2, startBareEngine, startEcho } from './references.ts';
import { report } from './report.ts';
import { asText } from './report-text.ts';
import { allRounds } from './rounds.ts';
import { type Kind, type Subject, startSubject } from './subjects.ts';

const [name = '', ...args] = process.argv.slice(2);
const code = await lifecycle(name, args);
if (code !== undefined) process.exit(code);

const options = optionsOrExit();
const machine = thisMachine();
const stops: (() => Promise<void>)[] = [];
let interrupted = false;
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    interrupted = true;
    void stopAll().finally(() => process.exit(exitCode));
  });
}
const tooLong = setTimeout(giveUp, longest(options));

try {
  const before = loadavg()[0] ?? 0;
  const postgres = await startPostgres(machine.databaseCores);
  if (postgres) stops.push(postgres.stop);
  else process.stderr.write('No Postgres: set TEST_DATABASE_URL, or install one, to measure on it too.\n');
  const subjects = await startAll(options.kinds, postgres);
  const load = startLoad(machine);
  stops.push(load.stop);
  const samples = await allRounds(options.cases, subjects, { ...options, load });
  const deliveries = await allDeliveries(postgres);
  const loadAverage = [before, loadavg()[0] ?? 0] as const;
  const result = report({ machine, options, loadAverage, subjects, samples, deliveries });
  process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : asText(result)}\n`);
} catch (error) {
  // What fails because its server was stopped is no news to whoever stopped it.
  if (!interrupted) process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  clearTimeout(tooLong);
  await stopAll();
}

/** Started together and then measured in turn: what waits for its turn is idle. */
async function startAll(kinds: readonly Kind[], postgres: Postgres | undefined): Promise<Subject[]> {
  const { serverCore } = machine;
  const starts: (readonly [Kind, () => Promise<Subject>])[] = [
    ['echo', () => startEcho(serverCore)],
    ['argon2', () => startArgon2(serverCore)],
    ['bare', () => startBareEngine(serverCore)],
    ...(postgres
      ? ([['plain', async () => startBareEngine(serverCore, await databaseBeside(postgres))]] as const)
      : []),
    ['mintmark', () => startSubject(serverCore)],
    ...(postgres ? ([['mintmark', () => startSubject(serverCore, postgres)]] as const) : []),
  ];
  const needed = (kind: Kind) => kinds.includes(kind) && options.cases.some((one) => takesPart(one, kind));
  const subjects: Subject[] = [];
  for (const [, start] of starts.filter(([kind]) => needed(kind))) {
    const subject = await start();
    stops.push(subject.stop);
    subjects.push(subject);
  }
  return subjects;
}

async function databaseBeside(postgres: Postgres): Promise<Postgres> {
  const database = await addDatabase(postgres);
  stops.push(database.stop);
  return database;
}

async function allDeliveries(postgres: Postgres | undefined): Promise<Deliveries[]> {
  if (!options.webhooks || !options.kinds.includes('mintmark')) return [];
  const deliveries = [await webhookDeliveries(machine, undefined, options)];
  return postgres ? [...deliveries, await webhookDeliveries(machine, postgres, options)] : deliveries;
}

async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

function longest({ cases, rounds, effort }: Options): number {
  const measurements = (cases.length * 5 + 2) * rounds;
  return 1_000 * (240 + measurements * (2 * effort.seconds + effort.warmUpSeconds + 5));
}

function giveUp(): void {
  process.stderr.write('The bench takes far longer than it should; stopped.\n');
  process.exit(1);
}

function optionsOrExit(): Options {
  try {
    return readOptions([name, ...args].filter((one) => one !== ''));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
}
