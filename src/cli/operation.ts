import { type Api, send } from './api.ts';
import { type RequestParts, requestParts } from './body.ts';
import { type Operation, Refused, WrongUsage } from './command.ts';
import { openApi, serverUrl } from './credentials.ts';
import { COMMON_FLAGS, type Flag, type Given, lastOf, parseFlags } from './flags.ts';
import { printOperationHelp } from './help.ts';
import { type OpenApi, type Shape, shapeOf } from './openapi.ts';
import { complain, type Json, printJson, printRecord, printTable, write } from './print.ts';
import { kindOf } from './values.ts';

type Page = { items: Record<string, Json>[]; next_cursor: string | null };

/** Members that appear in one answer only (contract.md, "API"): whoever misses them cannot ask again. */
const SHOWN_ONCE = ['client_secret', 'signing_secret', 'secret', 'token'];

/** @param typed the command as the user wrote it, for messages */
export async function runOperation(typed: string, operation: Operation, args: readonly string[]): Promise<number> {
  const url = await serverUrl({ url: urlIn(args) });
  if (args.includes('--help') || args.includes('-h')) {
    printOperationHelp(typed, operation, await shapeAt(url, operation).catch((error: Error) => error.message));
    return 0;
  }
  const shape = await shapeAt(url, operation);
  const given = parseFlags(args, flagsOf(operation, shape));
  const path = filled(operation.path, given.words);
  const parts = await requestParts(shape, given);
  if (operation.method === 'PATCH' && Object.keys(parts.body ?? {}).length === 0) {
    throw new WrongUsage('nothing to change: give at least one flag, or --file');
  }

  const json = given.flags.has('json');
  const api = await openApi({ url, json });
  show(typed, operation, await perform(api, operation, path, parts, given), json);
  return 0;
}

/** Where the server is must be known before the flags are: they are read from its document. */
function urlIn(args: readonly string[]): string | undefined {
  const at = args.findLastIndex((arg) => /^--url(=|$)/.test(arg));
  if (at < 0) return undefined;
  return args[at] === '--url' ? args[at + 1] : args[at]?.slice('--url='.length);
}

async function shapeAt(url: string, operation: Operation): Promise<Shape> {
  const response = await send(new URL('/api/v1/openapi.json', url));
  const document = await response.json().catch(() => undefined);
  if (!response.ok || !document) {
    throw new Refused(`${url} does not describe its API (${response.status}); is it a Mintmark server?`);
  }
  const shape = shapeOf(document as OpenApi, operation);
  if (!shape) throw new Refused(`the server at ${url} has no ${operation.method} ${operation.path}`);
  return shape;
}

function flagsOf(operation: Operation, shape: Shape): Flag[] {
  const members = shape.members.map(({ flag, about, schema }) => ({
    name: flag,
    about,
    boolean: kindOf(schema) === 'boolean',
  }));
  return [
    ...members,
    ...(shape.takesBody ? [{ name: 'file', about: 'read the body from a JSON file, - for stdin' }] : []),
    ...(isPaged(operation) ? [{ name: 'all', about: 'follow every page', boolean: true }] : []),
    ...COMMON_FLAGS,
  ];
}

function isPaged({ columns }: Operation): boolean {
  return columns !== undefined;
}

/** Puts the words into the path's places, encoded: an API's identifier is itself a URL. */
function filled(path: string, words: readonly string[]): string {
  const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const missing = wanted[words.length];
  if (missing) throw new WrongUsage(`missing <${missing}>`);
  if (words.length > wanted.length) throw new WrongUsage(`unexpected "${words[wanted.length]}"`);
  // An empty variable in a script, or a word that a URL folds away, would name the whole collection instead of one of it.
  const hollow = words.findIndex((word) => /^\.{0,2}$/.test(word));
  if (hollow >= 0) throw new WrongUsage(`<${wanted[hollow]}> must not be "${words[hollow]}"`);
  let next = 0;
  return path.replace(/\{\w+\}/g, () => encodeURIComponent(words[next++] ?? ''));
}

async function perform(
  api: Api,
  { method }: Operation,
  path: string,
  { query, body }: RequestParts,
  given: Given,
): Promise<Json | undefined> {
  const items: Json[] = [];
  for (;;) {
    const answer = await api.request(method, query.size > 0 ? `${path}?${query}` : path, body);
    if (lastOf(given, 'all') !== 'true') return answer;
    const page = answer as Page;
    items.push(...page.items);
    if (page.next_cursor === null) return { items, next_cursor: null };
    query.set('cursor', page.next_cursor);
  }
}

function show(typed: string, { columns }: Operation, answer: Json | undefined, json: boolean): void {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    if (!json) write(`${typed}: done`);
  } else if (json) {
    printJson(answer);
  } else if (Array.isArray(answer.items)) {
    showPage(answer as Page, columns);
  } else {
    printRecord(answer);
    const once = SHOWN_ONCE.find((name) => name in answer);
    if (once) complain(`Keep the ${once} now: it is not shown again.`);
  }
}

function showPage({ items, next_cursor: cursor }: Page, columns: readonly string[] | undefined): void {
  printTable(items, columns ?? Object.keys(items[0] ?? {}));
  if (cursor) complain(`There is more: --cursor ${cursor}, or --all`);
}
