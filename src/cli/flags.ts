import { WrongUsage } from './command.ts';

/** A flag with one dash too few, and no id in base64url. What it holds may be a secret, and is not repeated. */
const MISTYPED = /^-[^=]*=/;

export interface Flag {
  readonly name: string;
  readonly about: string;
  /** Stands alone: `--json`, or says so: `--disabled=false`. */
  readonly boolean?: boolean;
}

export interface Given {
  readonly words: readonly string[];
  /** Every value of every flag, in the order given. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'json', about: 'print the answer as JSON', boolean: true },
  { name: 'url', about: 'where the server is' },
  { name: 'help', about: 'show this', boolean: true },
];

/**
 * Words and flags of a command line. Written here because `util.parseArgs` knows neither `--disabled=false` nor two
 * spellings of one name, and flags are named like the API's members: `--client_name`, or `--client-name` for the fingers.
 *
 * What begins with one dash is a word: so does one in 64 of the ids that are written in base64url, like those of keys
 * (RFC 7638). What comes after `--` is one, whatever it begins with.
 *
 * @throws {WrongUsage} naming the flag that is not among `known`
 */
export function parseFlags(args: readonly string[], known: readonly Flag[]): Given {
  const words: string[] = [];
  const flags = new Map<string, string[]>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      words.push(...rest.splice(0));
    } else if (arg.startsWith('--') || arg === '-h' || MISTYPED.test(arg)) {
      const { name, value } = flagAt(arg, rest, known);
      flags.set(name, [...(flags.get(name) ?? []), value]);
    } else {
      words.push(arg);
    }
  }
  return { words, flags };
}

function flagAt(arg: string, rest: string[], known: readonly Flag[]): { name: string; value: string } {
  const [, typed = '', written] = /^--([^=]+)(?:=(.*))?$/s.exec(arg === '-h' ? '--help' : arg) ?? [];
  const name = typed.replaceAll('-', '_');
  const flag = known.find((candidate) => candidate.name === name);
  if (!flag) throw new WrongUsage(`unknown flag ${arg.replace(/=.*/s, '')}`);
  if (flag.boolean) {
    const next = rest[0] === 'true' || rest[0] === 'false' ? rest.shift() : 'true';
    return { name, value: written ?? next ?? 'true' };
  }
  const value = written ?? rest.shift();
  if (value === undefined || (written === undefined && value.startsWith('--'))) {
    throw new WrongUsage(`--${typed} needs a value`);
  }
  return { name, value };
}

/** The last value wins, as with most commands. */
export function lastOf(given: Given, name: string): string | undefined {
  return given.flags.get(name)?.at(-1);
}
