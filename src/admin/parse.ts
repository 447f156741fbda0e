import type { z } from 'zod';
import { malformed, unprocessable } from '#src/http/index.ts';
import type { Fault } from '#src/oauth/problems.ts';

/** Not the shape we asked for, as opposed to a shape whose values break a rule. */
const MALFORMED = new Set(['invalid_type', 'unrecognized_keys', 'invalid_key', 'invalid_union']);
/** Enough to repair a document by; an answer is not as long as the worst question. */
const MOST_FAULTS = 50;

/**
 * What the schema makes of the value.
 *
 * @throws {Problem} 400 for unknown members and wrong types, 422 for values a rule refuses, naming each member
 */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const faults = error.issues.flatMap(toFaults).slice(0, MOST_FAULTS);
  if (error.issues.some(({ code }) => MALFORMED.has(code))) throw malformed('the body is not as documented', faults);
  throw unprocessable('the body breaks a rule', faults);
}

/** Query parameters are always text, and never a rule's matter: every fault is 400. */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw malformed('the query is not as documented', error.issues.flatMap(toFaults).slice(0, MOST_FAULTS));
}

function toFaults(issue: z.core.$ZodIssue): Fault[] {
  const at = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [{ path: at.join('.'), message: issue.message }];
  return issue.keys.map((key) => ({ path: [...at, key.slice(0, 64)].join('.'), message: 'is not known here' }));
}
