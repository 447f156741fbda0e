import type { IncomingMessage } from 'node:http';
import { isUnusual } from './unusual.ts';

export type Form = ReadonlyMap<string, string>;

/** What else a request says, the engine may understand. */
export function hasOnly(form: Form, names: ReadonlySet<string>): boolean {
  for (const name of form.keys()) if (!names.has(name)) return false;
  return true;
}

/** A request of this size arrives in one piece. */
const LONGEST_BODY = 4_096;
const FORM = /^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i;

/**
 * Looks at the form in a request and puts it back: whoever reads the request afterwards finds it untouched. Undefined is
 * whatever is not plain: another method or type, a parameter twice, a body in several pieces.
 */
export async function peekForm(req: IncomingMessage): Promise<Form | undefined> {
  const { method, headers } = req;
  const length = Number(headers['content-length']);
  const plain =
    method === 'POST' &&
    FORM.test(headers['content-type'] ?? '') &&
    length > 0 &&
    length <= LONGEST_BODY &&
    !isUnusual(headers);
  if (!plain) return undefined;
  const piece = await firstPiece(req);
  return piece?.length === length ? parse(piece.toString()) : undefined;
}

function firstPiece(req: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const gone = () => resolve(null);
    req.once('close', gone);
    req.once('readable', () => {
      req.off('close', gone);
      const piece = req.read() as Buffer | null;
      if (piece) req.unshift(piece);
      resolve(piece);
    });
  });
}

/** The characters that stand for themselves, and those that are escaped: what else there is, the engine may judge. */
const PLAIN = /^[\w.~*+%=&-]*$/;
const ESCAPED = /[+%]/;

/** What no value of ours holds. */
const STRANGE = /\p{Cc}/u;

function parse(text: string): Form | undefined {
  if (!PLAIN.test(text)) return undefined;
  const pairs = text.split('&');
  const form = new Map<string, string>();
  for (const pair of pairs) {
    const end = pair.indexOf('=');
    const name = pair.slice(0, end);
    const value = unescaped(pair.slice(end + 1));
    if (end <= 0 || ESCAPED.test(name) || value === undefined) return undefined;
    form.set(name, value);
  }
  return form.size === pairs.length ? form : undefined;
}

function unescaped(value: string): string | undefined {
  if (!ESCAPED.test(value)) return value;
  try {
    const text = decodeURIComponent(value.replaceAll('+', ' '));
    return STRANGE.test(text) ? undefined : text;
  } catch {
    // A lone % or what is no UTF-8.
    return undefined;
  }
}
