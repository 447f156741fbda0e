import { readFileSync } from 'node:fs';
import { InvalidSetting } from '#src/config.ts';
import { type LocalCommand, type Noun, Refused, type Verb, WrongUsage } from './command.ts';
import { COMMON_FLAGS, lastOf, parseFlags } from './flags.ts';
import { commandHelp, nounHelp, overview } from './help.ts';
import { NOUNS } from './nouns.ts';
import { runOperation } from './operation.ts';
import { complain, write } from './print.ts';

/** Runs one command line. @returns the exit code */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(argv);
  } catch (error) {
    if (error instanceof Refused) {
      complain(error.message);
      return 1;
    }
    if (error instanceof WrongUsage || error instanceof InvalidSetting) {
      complain(`${error.message}\nTry: ${['mintmark', ...argv.slice(0, 1).filter(isNoun), '--help'].join(' ')}`);
      return 2;
    }
    throw error;
  }
}

async function dispatch([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined) throw new WrongUsage('mintmark needs a noun');
  if (['--help', '-h', 'help'].includes(name)) return say(overview(NOUNS));
  if (name === '--version') return say(version());
  const noun = isNoun(name) ? NOUNS[name] : undefined;
  if (!noun) throw new WrongUsage(`unknown noun "${name}"; there are ${Object.keys(NOUNS).join(', ')}`);
  return 'verbs' in noun ? runVerb(name, noun, rest) : runLocally(name, noun, rest);
}

function isNoun(name: string): boolean {
  return Object.hasOwn(NOUNS, name);
}

async function runVerb(name: string, noun: Noun, args: readonly string[]): Promise<number> {
  const found = verbAt(noun, args);
  if (found) {
    const [words, verb] = found;
    const typed = `${name} ${words}`;
    const rest = args.slice(words.split(' ').length);
    return 'path' in verb ? runOperation(typed, verb, rest) : runLocally(typed, verb, rest);
  }
  if (args.includes('--help') || args.includes('-h')) return say(nounHelp(name, noun));
  const said = args[0] === undefined ? 'needs a verb' : `has no verb "${args[0]}"`;
  throw new WrongUsage(`${name} ${said}; there are ${Object.keys(noun.verbs).join(', ')}`);
}

/** Verbs of two words first: `secrets add` is not `secrets`. */
function verbAt({ verbs }: Noun, args: readonly string[]): readonly [string, Verb] | undefined {
  return [args.slice(0, 2).join(' '), args[0] ?? '']
    .filter((words) => Object.hasOwn(verbs, words))
    .map((words) => [words, verbs[words] as Verb] as const)[0];
}

async function runLocally(typed: string, command: LocalCommand, args: readonly string[]): Promise<number> {
  const given = parseFlags(args, COMMON_FLAGS);
  if (given.flags.has('help')) return say(commandHelp(typed, command));
  if (given.words.length > 0) throw new WrongUsage(`unexpected "${given.words[0]}"`);
  return command.run({ json: given.flags.has('json'), url: lastOf(given, 'url') });
}

function say(text: string): number {
  write(text);
  return 0;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return `mintmark ${version}`;
}
