import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { WrongUsage } from './command.ts';
import { type Given, lastOf } from './flags.ts';
import type { Shape } from './openapi.ts';
import { readValue } from './values.ts';

export interface RequestParts {
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** The request that `--file` and the flags describe; a flag overrides the same member of the file. */
export async function requestParts(shape: Shape, given: Given): Promise<RequestParts> {
  const file = lastOf(given, 'file');
  const query = new URLSearchParams();
  const body: Record<string, unknown> = file === undefined ? {} : await fileBody(file);
  for (const member of shape.members) {
    const typed = given.flags.get(member.flag);
    if (typed === undefined) continue;
    const value = await readValue(member, typed);
    if (member.in === 'query') query.set(member.name, String(value));
    else body[member.name] = value;
  }
  return { query, body: shape.takesBody ? body : undefined };
}

async function fileBody(path: string): Promise<Record<string, unknown>> {
  const text = await (path === '-' ? readAll(process.stdin) : readFile(path, 'utf8')).catch((error: Error) => {
    throw new WrongUsage(`--file ${path}: ${error.message}`);
  });
  const body = parsed(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new WrongUsage(`--file ${path} must hold one JSON object`);
  }
  return { ...body };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
