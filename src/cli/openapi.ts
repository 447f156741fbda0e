/**
 * Reads the flags of an operation out of the server's OpenAPI document: the zod schemas that check a request also say how
 * to write one, so no list of members is kept here to go stale.
 */
import type { Operation } from './command.ts';
import { COMMON_FLAGS } from './flags.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Described {
  readonly parameters?: readonly {
    name: string;
    in: string;
    description?: string;
    required?: boolean;
    schema?: Schema;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

export interface OpenApi {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** One thing the caller may say about a request. */
export interface Member {
  readonly name: string;
  /** What is typed: the name, unless a flag of every command has it. */
  readonly flag: string;
  readonly in: 'query' | 'body';
  readonly required: boolean;
  readonly about: string;
  readonly schema: Schema;
}

export interface Shape {
  readonly members: readonly Member[];
  /** Whether the operation reads a body at all. */
  readonly takesBody: boolean;
}

/** @returns undefined when this server has no such operation */
export function shapeOf(document: OpenApi, { method, path }: Operation): Shape | undefined {
  const described = Object.entries(document.paths ?? {}).find(
    ([written]) => anonymous(written) === anonymous(path),
  )?.[1];
  const operation = described?.[method.toLowerCase()];
  if (!operation) return undefined;
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const query = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, required, description, schema = {} }) => {
      return member(name, 'query', required ?? false, {
        ...resolved(document, schema),
        ...(description && { description }),
      });
    });
  const members = [...query, ...bodyMembers(document, body ?? {})];
  return {
    members: members.map((one) => ({ ...one, flag: flagOf(one.name, path) })),
    takesBody: body !== undefined,
  };
}

/** `--url` is where the server is, and who gets its credentials: the URL of a webhook is `--webhook_url`. */
function flagOf(name: string, path: string): string {
  const [, resource = ''] = /^\/([a-z]+?)s?(?:\/|$)/.exec(path) ?? [];
  return COMMON_FLAGS.some((flag) => flag.name === name) ? `${resource}_${name}` : name;
}

/** Two documents may call one parameter `{id}` or `{client_id}`, and write the prefix in the path or in `servers`. */
function anonymous(path: string): string {
  return path.replace(/^\/api\/v1(?=\/)/, '').replace(/\{[^}]*\}/g, '{}');
}

function bodyMembers(document: OpenApi, schema: Schema): Omit<Member, 'flag'>[] {
  const whole = resolved(document, schema);
  const parts = [whole, ...[...(whole.allOf ?? []), ...(whole.anyOf ?? []), ...(whole.oneOf ?? [])]];
  const members = new Map<string, Omit<Member, 'flag'>>();
  for (const part of parts.map((one) => resolved(document, one))) {
    for (const [name, property] of Object.entries(part.properties ?? {})) {
      const required = part.required?.includes(name) === true && !whole.anyOf && !whole.oneOf;
      members.set(name, member(name, 'body', required, resolved(document, property)));
    }
  }
  return [...members.values()];
}

function member(name: string, where: Member['in'], required: boolean, schema: Schema): Omit<Member, 'flag'> {
  return { name, in: where, required, about: schema.description ?? '', schema };
}

function resolved(document: OpenApi, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  const target = name === undefined ? undefined : document.components?.schemas?.[name];
  const whole = target
    ? { ...resolved(document, target), ...(schema.description && { description: schema.description }) }
    : schema;
  return {
    ...whole,
    ...(whole.items && { items: resolved(document, whole.items) }),
    ...(whole.anyOf && { anyOf: whole.anyOf.map((one) => (one.$ref ? resolved(document, one) : one)) }),
  };
}
