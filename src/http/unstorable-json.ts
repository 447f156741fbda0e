import type { Fault } from '#src/oauth/problems.ts';
import { isStorable } from './text.ts';

/** Deeper than any document of ours; a few thousand levels would exhaust the stack of whoever walks them next. */
const DEEPEST = 24;

/**
 * The first member of parsed JSON that we refuse to carry on: text Postgres cannot hold, absurd depth, and `__proto__`,
 * which an assignment further down could turn into a changed prototype.
 */
export function findUnstorable(value: unknown, path: readonly string[] = []): Fault | undefined {
  const fault = (message: string, at = path): Fault => ({ path: at.map(printable).join('.'), message });

  if (typeof value === 'string')
    return isStorable(value) ? undefined : fault('must not contain NUL or a lone surrogate');
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length >= DEEPEST) return fault(`is nested deeper than ${DEEPEST} levels`);
  for (const [key, member] of Object.entries(value)) {
    const at = [...path, key];
    if (!isStorable(key)) return fault('is not a usable member name', at);
    if (key === '__proto__') return fault('is not a member', at);
    const found = findUnstorable(member, at);
    if (found) return found;
  }
  return undefined;
}

function printable(key: string): string {
  return key.toWellFormed().replaceAll('\0', '\uFFFD').slice(0, 64);
}
