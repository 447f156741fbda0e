import { NotFound } from '#src/oauth/problems.ts';

/** @throws {NotFound} when there is none */
export function found<T>(what: string, thing: T | undefined): T {
  if (thing === undefined) throw new NotFound(what);
  return thing;
}
