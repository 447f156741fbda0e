import { malformed, unsupportedMediaType } from './problem.ts';
import { isFormOf, isJsonOf, readText } from './read-text.ts';
import type { Context } from './state.ts';
import { decodePairs } from './text.ts';
import { findUnstorable } from './unstorable-json.ts';

/** Did the request bring a body at all? (RFC 9112 §6) */
export function hasBody(ctx: Context): boolean {
  const length = ctx.get('content-length');
  return ctx.get('transfer-encoding') !== '' || (length !== '' && length !== '0');
}

/**
 * The JSON body, safe to hand to the database.
 *
 * @throws {Problem} 400 malformed, 413 too large, 415 not JSON
 */
export async function readJson(ctx: Context): Promise<unknown> {
  if (!isJsonOf(ctx)) throw unsupportedMediaType('send application/json');
  const text = await readText(ctx);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the body, which may hold a password.
    throw malformed('the body is not well-formed JSON');
  }
  const fault = findUnstorable(value);
  if (fault) throw malformed('the body holds what cannot be stored', [fault]);
  return value;
}

export type Form = Readonly<Record<string, string | readonly string[]>>;

/** A field that was sent once; one that is missing or repeated is as good as empty. */
export function field(form: Form, name: string): string {
  const value = form[name];
  return typeof value === 'string' ? value : '';
}

/**
 * The urlencoded body; a parameter sent twice is an array, for the endpoint to refuse or accept (RFC 6749 §3.2).
 *
 * @throws {Problem} 400 malformed, 413 too large, 415 not a form
 */
export async function readForm(ctx: Context): Promise<Form> {
  if (!isFormOf(ctx)) throw unsupportedMediaType('send application/x-www-form-urlencoded');
  // Without a prototype no parameter name can reach one.
  const form: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of decodePairs(await readText(ctx))) {
    if (name === undefined || value === undefined) {
      throw malformed('the form is not well-formed', [
        { path: name ?? '', message: 'is not valid percent-encoded UTF-8' },
      ]);
    }
    const before = form[name];
    form[name] = before === undefined ? value : [before, value].flat();
  }
  return form;
}
