/** The sub-commands beside the table of cases: `npm run bench -- soak`, `-- rules`, `-- webhooks` and so on. */
import { parseArgs } from 'node:util';
import { footprint } from './footprint.ts';
import { rules } from './rules.ts';
import { saturation } from './saturation.ts';
import { size } from './size.ts';
import { soak } from './soak.ts';
import { webhooks } from './webhooks.ts';
import { workers } from './workers.ts';

const USAGE = `Usage: npm run bench -- soak [--tokens n] [--rate n] [--embedded] [--json]
       npm run bench -- rules [--tokens n] [--seconds n] [--json]
       npm run bench -- webhooks [--events n] [--hanging n] [--rounds n] [--seconds n] [--rate n] [--json]
       npm run bench -- saturation [--limits n,n…] [--rounds n] [--seconds n] [--json]
       npm run bench -- workers [--workers n] [--rounds n] [--seconds n] [--json]
       npm run bench -- footprint [--rounds n] [--seconds n] [--json]
       npm run bench -- size [--tokens n] [--rounds n] [--seconds n] [--json]
`;

const FLAGS = { json: { type: 'boolean', default: false } } as const;

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  soak(args) {
    const { tokens, rate, embedded, json } = parseArgs({
      args,
      options: {
        ...FLAGS,
        tokens: { type: 'string', default: '1000000' },
        rate: { type: 'string', default: '4000' },
        embedded: { type: 'boolean', default: false },
      },
    }).values;
    return soak({ tokens: bounded('tokens', tokens, 5_000_000), rate: bounded('rate', rate, 50_000), embedded, json });
  },
  rules(args) {
    const { tokens, seconds, json } = parseArgs({
      args,
      options: {
        ...FLAGS,
        tokens: { type: 'string', default: '1000000' },
        seconds: { type: 'string', default: '5' },
      },
    }).values;
    return rules({ tokens: bounded('tokens', tokens, 5_000_000), seconds: bounded('seconds', seconds, 60), json });
  },
  webhooks(args) {
    const { events, hanging, rounds, seconds, rate, json } = parseArgs({
      args,
      options: {
        ...FLAGS,
        events: { type: 'string', default: '2000' },
        hanging: { type: 'string', default: '1000' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '10' },
        rate: { type: 'string', default: '100' },
      },
    }).values;
    return webhooks({
      events: bounded('events', events, 50_000),
      hanging: bounded('hanging', hanging, 2_000),
      rounds: bounded('rounds', rounds, 20),
      seconds: bounded('seconds', seconds, 60),
      rate: bounded('rate', rate, 1_000),
      json,
    });
  },
  saturation(args) {
    const { limits, rounds, seconds, json } = parseArgs({
      args,
      options: {
        ...FLAGS,
        limits: { type: 'string', default: '512' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '5' },
      },
    }).values;
    return saturation({
      limits: limits.split(',').map((limit) => bounded('limits', limit, 100_000)),
      rounds: bounded('rounds', rounds, 20),
      seconds: bounded('seconds', seconds, 60),
      json,
    });
  },
  workers(args) {
    const {
      workers: count,
      rounds,
      seconds,
      json,
    } = parseArgs({
      args,
      options: {
        ...FLAGS,
        workers: { type: 'string', default: '2' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '5' },
      },
    }).values;
    return workers({
      count: bounded('workers', count, 64),
      rounds: bounded('rounds', rounds, 20),
      seconds: bounded('seconds', seconds, 60),
      json,
    });
  },
  footprint(args) {
    const { rounds, seconds, json } = parseArgs({
      args,
      options: { ...FLAGS, rounds: { type: 'string', default: '7' }, seconds: { type: 'string', default: '10' } },
    }).values;
    return footprint({ rounds: bounded('rounds', rounds, 50), seconds: bounded('seconds', seconds, 60), json });
  },
  size(args) {
    const { tokens, rounds, seconds, json } = parseArgs({
      args,
      options: {
        ...FLAGS,
        tokens: { type: 'string', default: '10000000' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
      },
    }).values;
    return size({
      tokens: bounded('tokens', tokens, 50_000_000),
      rounds: bounded('rounds', rounds, 20),
      seconds: bounded('seconds', seconds, 60),
      json,
    });
  },
};

/** @returns the exit code; undefined when there is no such sub-command */
export async function lifecycle(name: string, args: string[]): Promise<number | undefined> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return undefined;
  // Leaving by the event `exit` ends the Postgres that was started for this.
  process.once('SIGINT', () => process.exit(130));
  try {
    return await command(args);
  } catch (error) {
    const wrongUsage =
      error instanceof WrongUsage || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${wrongUsage ? USAGE : ''}`);
    return wrongUsage ? 2 : 1;
  }
}

class WrongUsage extends Error {}

function bounded(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new WrongUsage(`--${name} is ${text}; it must be 1 to ${most}`);
}
