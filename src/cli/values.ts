/** What is typed after a flag → the JSON value the schema asks for. The server judges the value; this only reads it. */
import { text as readAll } from 'node:stream/consumers';
import { WrongUsage } from './command.ts';
import type { Member, Schema } from './openapi.ts';

type Kind = 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object' | 'any';

/** Types a schema allows, through `anyOf` as zod writes "or null". */
function allowed(schema: Schema): string[] {
  const own = schema.type === undefined ? [] : [schema.type].flat();
  return [...own, ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(allowed)];
}

export function kindOf(schema: Schema): Kind {
  const kinds = new Set(allowed(schema).filter((type) => type !== 'null'));
  if (kinds.size === 0 && schema.enum) return 'string';
  return kinds.size === 1 ? ([...kinds][0] as Kind) : 'any';
}

/** @throws {WrongUsage} naming the flag and what it may hold */
export async function readValue(member: Member, typed: readonly string[]): Promise<unknown> {
  const { flag: name, schema } = member;
  const last = typed.at(-1) ?? '';
  // A string may well be the word "null", but null is all that says "none" for the members that can be emptied.
  if (last === 'null' && allowed(schema).includes('null')) return null;
  switch (kindOf(schema)) {
    case 'string':
      return last === '-' ? firstLine(await readAll(process.stdin)) : last;
    case 'boolean':
      if (last === 'true' || last === 'false') return last === 'true';
      throw new WrongUsage(`--${name} is "${last}"; it must be true or false`);
    case 'integer':
    case 'number':
      if (/^-?\d+(\.\d+)?$/.test(last)) return Number(last);
      throw new WrongUsage(`--${name} is "${last}"; it must be a number`);
    case 'array':
      return typed.flatMap((text) => items(name, arraySchema(schema).items ?? {}, text));
    case 'object':
      return json(name, last);
    case 'any':
      return /^[[{"\d-]|^(true|false|null)$/.test(last) ? looseJson(last) : last;
  }
}

function arraySchema(schema: Schema): Schema {
  return [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].find(({ items }) => items !== undefined) ?? schema;
}

/** `a,b`, or JSON: one object, or the whole array. */
function items(name: string, schema: Schema, text: string): unknown[] {
  if (text.startsWith('[')) return [json(name, text)].flat();
  if (kindOf(schema) === 'object') return [json(name, text)];
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WrongUsage(`--${name} must be JSON`);
  }
}

function looseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function firstLine(text: string): string {
  return text.replace(/\r?\n[\s\S]*$/, '');
}
