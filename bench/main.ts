/**
 * `npm run bench`: tokens and introspections per second of Mintmark next to the bare engine, in one run on one machine. Loopback
 * only, bounded in time and requests. Exit code 1 when an answer was wrong, 2 on wrong usage. docs/performance.md says
 * how to read it. Sub-commands measure something else (lifecycle.ts).
 */
import { parseArgs } from 'node:util';
import { CASES, type Case } from './cases.ts';
import { lifecycle } from './lifecycle.ts';
import { thisMachine } from './machine.ts';
import { type Effort, measure, type Sample } from './measure.ts';
import { startPostgres } from './postgres.ts';
import { asText, report } from './report.ts';
import { type Subject, startBareEngine, startSubject } from './subjects.ts';

const [name = '', ...args] = process.argv.slice(2);
const code = await lifecycle(name, args);
if (code !== undefined) process.exit(code);

const CONCURRENCY = 32;
/** Per measurement. The bare engine keeps every token it made in memory. */
const MOST_REQUESTS = 200_000;

const { rounds, json, ...effort } = options();
const machine = thisMachine();
const stops: (() => Promise<void>)[] = [];
let interrupted = false;
process.on('SIGINT', () => {
  interrupted = true;
  void stopAll().finally(() => process.exit(130));
});
const tooLong = setTimeout(giveUp, longest());

try {
  const subjects = await startAll();
  const samples = await allRounds(subjects);
  const result = report(samples, machine, { ...effort, rounds });
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : asText(result)}\n`);
} catch (error) {
  // What fails because its server was stopped is no news to whoever stopped it.
  if (!interrupted) process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  clearTimeout(tooLong);
  await stopAll();
}

/** Started together and then measured in turn: what waits for its turn is idle. */
async function startAll(): Promise<Subject[]> {
  const postgres = await startPostgres();
  if (postgres) stops.push(postgres.stop);
  else process.stderr.write('No Postgres: set TEST_DATABASE_URL, or install one, to measure on it too.\n');
  const subjects: Subject[] = [];
  const starts = [
    () => startBareEngine(machine.serverCore),
    () => startSubject(machine.serverCore),
    ...(postgres ? [() => startSubject(machine.serverCore, postgres)] : []),
  ];
  for (const start of starts) {
    const subject = await start();
    stops.push(subject.stop);
    subjects.push(subject);
  }
  return subjects;
}

/** Alternating: what disturbs the machine for a while disturbs all of them, and the order turns with every round. */
async function allRounds(subjects: readonly Subject[]): Promise<Map<Case, Map<Subject, Sample[]>>> {
  const samples = new Map<Case, Map<Subject, Sample[]>>();
  for (const one of CASES) {
    const rows = new Map(subjects.map((subject) => [subject, [] as Sample[]]));
    const requests = new Map<Subject, string[]>();
    for (const subject of subjects) requests.set(subject, await one.requests(subject));
    for (let round = 0; round < rounds; round += 1) {
      const first = round % subjects.length;
      for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
        rows.get(subject)?.push(await measure(one, subject, requests.get(subject) ?? [], { machine, effort }));
      }
    }
    samples.set(one, rows);
  }
  return samples;
}

async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

function longest(): number {
  const measurements = CASES.length * 3 * rounds;
  return 1000 * (120 + measurements * (effort.seconds + effort.warmUpSeconds + 2));
}

function giveUp(): void {
  process.stderr.write('The bench takes far longer than it should; stopped.\n');
  process.exit(1);
}

function options(): Effort & { rounds: number; json: boolean } {
  const { values } = parsed();
  const smoke = values.smoke;
  return {
    seconds: bounded('seconds', values.seconds ?? (smoke ? '1' : '5'), 60),
    rounds: bounded('rounds', values.rounds ?? (smoke ? '1' : '5'), 20),
    warmUpSeconds: smoke ? 0.2 : 1.5,
    concurrency: CONCURRENCY,
    most: MOST_REQUESTS,
    json: values.json,
  };
}

function parsed() {
  try {
    return parseArgs({
      options: {
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        smoke: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return wrongUsage((error as Error).message);
  }
}

function bounded(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  return wrongUsage(`--${name} is ${text}; it must be 1 to ${most}`);
}

function wrongUsage(message: string): never {
  process.stderr.write(`${message}\nUsage: npm run bench -- [--seconds n] [--rounds n] [--smoke] [--json]\n`);
  process.exit(2);
}
