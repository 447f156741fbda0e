/** Members that several resources share, said once. */
import { z } from 'zod';

const LARGEST_OBJECT = 8192;

/** Longer would be two live refresh tokens rather than a repeated answer. */
const LONGEST_GRACE = 300;

export const grace = () => z.int().min(0).max(LONGEST_GRACE).meta({ description: 'Seconds; 0: never' });

export const seconds = (max = 31_536_000) => z.int().min(1).max(max).meta({ description: 'Seconds' });

export const timestamp = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });

/** An object of the operator's own making; its size is what tokens that carry it can bear. */
export const freeObject = z
  .record(z.string().max(256), z.unknown())
  .refine(
    (value) => JSON.stringify(value).length <= LARGEST_OBJECT,
    `must be at most ${LARGEST_OBJECT} characters as JSON`,
  );

/** The body of a PATCH: every member, at every depth, may be left out, and null takes it away (RFC 7396). */
export function patchOf(shape: z.ZodRawShape) {
  const members = Object.entries(shape).map(([name, member]) => [name, change(member as z.ZodType)]);
  return z.strictObject(Object.fromEntries(members) as Record<string, z.ZodType>);
}

function change(member: z.ZodType): z.ZodType {
  // What a patch leaves out stays as it is: a default would change it.
  if (member instanceof z.ZodDefault || member instanceof z.ZodPrefault) return change(member.unwrap() as z.ZodType);
  return (member instanceof z.ZodObject ? patchOf(member.shape) : member).nullable().optional();
}
