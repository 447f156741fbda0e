import type { LocalCommand, Noun, Operation } from './command.ts';
import { COMMON_FLAGS } from './flags.ts';
import type { Member, Shape } from './openapi.ts';
import { write } from './print.ts';
import { kindOf } from './values.ts';

/** A longer left side pushes its own right side out, not everybody's. */
const WIDEST = 40;

/** Two aligned columns. */
function list(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(WIDEST, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join('\n');
}

const COMMON = list(COMMON_FLAGS.map(({ name, about }) => [`--${name}`, about]));

export function overview(nouns: Readonly<Record<string, Noun | LocalCommand>>): string {
  const rows = Object.entries(nouns).map(([name, noun]) => [name, noun.about] as const);
  return `Usage: mintmark <noun> [verb] [flags]

${list(rows)}

mintmark <noun> --help lists the noun's verbs, mintmark <noun> <verb> --help its flags.

The server is the one at --url, else MINTMARK_ISSUER, else the one whose admin.json is in MINTMARK_DATA_DIR (.mintmark).
Credentials are MINTMARK_CLIENT_ID and MINTMARK_CLIENT_SECRET, else those of admin.json.

Exit codes: 0 done, 1 refused (the reason is on stderr), 2 wrong usage.`;
}

export function nounHelp(name: string, { about, verbs }: Noun): string {
  const rows = Object.entries(verbs).map(([verb, { about, ...rest }]) => {
    return [`${verb} ${placeholders('path' in rest ? rest.path : '')}`.trim(), about] as const;
  });
  return `mintmark ${name}: ${about}

${list(rows)}

Flags of every verb:
${COMMON}`;
}

export function commandHelp(name: string, { about }: LocalCommand): string {
  return `mintmark ${name}: ${about}

${COMMON}`;
}

/** @param shape what the server says about the operation, or in words why it is not known */
export function printOperationHelp(typed: string, operation: Operation, shape: Shape | string): void {
  write(`Usage: mintmark ${typed} ${placeholders(operation.path)} [flags]`.replace('  ', ' '));
  write(`\n${operation.about}\n`);
  if (typeof shape === 'string') {
    write(`${COMMON}\n\nThe other flags are read from the server: ${shape}`);
    return;
  }
  const rows = shape.members.map((member) => [`--${member.flag} ${hint(member)}`, described(member)] as const);
  const file = shape.takesBody ? [['--file <path>', 'read the body from a JSON file, - for stdin'] as const] : [];
  const all = operation.columns ? [['--all', 'follow every page'] as const] : [];
  write(list([...rows, ...file, ...all, ...COMMON_FLAGS.map(({ name, about }) => [`--${name}`, about] as const)]));
  if (shape.takesBody) {
    write('\nA text given as - is read from stdin: other users of this machine can see what is typed as a flag.');
  }
}

function placeholders(path: string): string {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `<${name}>`).join(' ');
}

function hint({ schema }: Member): string {
  const kind = kindOf(schema);
  if (schema.enum) return schema.enum.join('|');
  return {
    string: '<text>',
    boolean: '',
    integer: '<n>',
    number: '<n>',
    array: '<a,b>',
    object: '<json>',
    any: '<value>',
  }[kind];
}

function described({ about, required }: Member): string {
  return required ? `${about} (required)`.trim() : about;
}
