import { isId } from './webhook.ts';

/** A place in a list by time: when, and which, as many are made in one instant. */
export interface Position {
  /** Microseconds since the epoch. */
  readonly createdUs: string;
  readonly id: string;
}

/** undefined: the start. */
export function positionOf(after: string): Position | undefined {
  const [createdUs = '', id = ''] = after.split('.');
  return isId(id) ? { createdUs, id } : undefined;
}

/** @param rows one more than `limit` when there is a page behind this one */
export function pageOf<Row extends { created_us: string; id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): { items: Item[]; next: string | undefined } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last ? `${last.created_us}.${last.id}` : undefined;
  return { items: page.map(toItem), next };
}
