import { z } from 'zod';

const DEFAULT_LIMIT = 50;
const MOST = 500;

const toNumber = (text: unknown) => (typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : text);
/** 18 digits: what certainly fits a bigint. */
const POSITION = /^\d{1,18}$/;

const encode = (position: string) => Buffer.from(position).toString('base64url');
const decode = (cursor: string) => Buffer.from(cursor, 'base64url').toString('latin1');

/** Query parameters of a list whose positions look like this. */
export const pageQueryOf = (position: RegExp) =>
  z.strictObject({
    limit: z
      .preprocess(toNumber, z.int('must be a whole number').min(1).max(MOST))
      .optional()
      .meta({ default: DEFAULT_LIMIT }),
    cursor: z
      .string()
      .refine(
        (cursor) => position.test(decode(cursor)) && encode(decode(cursor)) === cursor,
        'is not a next_cursor of ours',
      )
      .optional()
      .meta({ description: 'The next_cursor of the page before' }),
  });

/** Of lists in order of creation. */
export const pageQuery = pageQueryOf(POSITION);

/** A page of a list whose order no later write changes. */
export function pageOf<Item extends z.ZodType>(id: string, item: Item) {
  return z
    .object({
      items: z.array(item),
      next_cursor: z.string().nullable().meta({ description: 'null: this was the last page' }),
    })
    .meta({ id });
}

type List<T> = (page: { after: string; limit: number }) => Promise<{ items: T[]; next: string | undefined }>;

/** Cursors are positions, opaque so that nobody computes one. */
export async function readPage<T, Wire>(
  list: List<T>,
  { limit = DEFAULT_LIMIT, cursor }: { limit?: number | undefined; cursor?: string | undefined },
  toWire: (item: T) => Wire,
  start = '0',
): Promise<{ items: Wire[]; next_cursor: string | null }> {
  const { items, next } = await list({ after: cursor === undefined ? start : decode(cursor), limit });
  return { items: items.map(toWire), next_cursor: next === undefined ? null : encode(next) };
}
