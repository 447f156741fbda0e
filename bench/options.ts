import { parseArgs } from 'node:util';
import { CASES, type Case } from './cases.ts';
import type { Effort } from './measure.ts';
import type { Amounts } from './prepare.ts';
import { PEOPLE } from './registered.ts';
import { KINDS, type Kind } from './subjects.ts';

export interface Options {
  readonly cases: readonly Case[];
  readonly kinds: readonly Kind[];
  readonly webhooks: boolean;
  readonly smoke: boolean;
  readonly rounds: number;
  readonly effort: Effort & Pick<Amounts, 'distinct'>;
  readonly json: boolean;
}

export class WrongUsage extends Error {
  constructor(message: string) {
    super(`${message}\n${USAGE}`);
  }
}

export const WEBHOOKS = 'webhook deliveries';

const USAGE = `Usage: npm run bench -- [--rounds n] [--seconds n] [--connections n] [--cases text] [--subjects list]
                        [--smoke] [--json]
       --connections at most ${PEOPLE}; --cases of those whose name holds this; --subjects some of ${KINDS.join(',')}`;
/** Per measurement. */
const MOST_REQUESTS = 200_000;

/** @throws {WrongUsage} */
export function readOptions(args: readonly string[]): Options {
  const { seconds, rounds, connections, cases, subjects, smoke, json } = parsed(args);
  const wanted = CASES.filter(({ name }) => name.includes(cases));
  const webhooks = WEBHOOKS.includes(cases);
  if (wanted.length === 0 && !webhooks) throw new WrongUsage(`--cases is ${cases}; no name holds that`);
  return {
    cases: wanted,
    kinds: subjects === undefined ? KINDS : subjects.split(',').map(asKind),
    webhooks,
    smoke,
    rounds: bounded('rounds', rounds ?? (smoke ? '1' : '5'), 20),
    effort: {
      seconds: smoke && seconds === undefined ? 0.1 : bounded('seconds', seconds ?? '2', 60),
      warmUpSeconds: smoke ? 0.02 : 1.5,
      concurrency: bounded('connections', connections ?? (smoke ? '4' : String(PEOPLE)), PEOPLE),
      distinct: smoke ? 16 : 512,
      most: smoke ? 24 : MOST_REQUESTS,
    },
    json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        connections: { type: 'string' },
        cases: { type: 'string', default: '' },
        subjects: { type: 'string' },
        smoke: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

function asKind(text: string): Kind {
  const kind = KINDS.find((one) => one === text);
  if (kind) return kind;
  throw new WrongUsage(`--subjects has ${text}; there are ${KINDS.join(', ')}`);
}

function bounded(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new WrongUsage(`--${name} is ${text}; it must be 1 to ${most}`);
}
