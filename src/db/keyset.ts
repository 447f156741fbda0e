/** Lists by time, page by page: what is made or removed meanwhile moves nothing on the pages behind. */

/** A place in such a list: when, and which, for many may be of one instant. */
export interface Position {
  /** Microseconds since the epoch. */
  readonly createdUs: string;
  readonly id: string;
}

/** `after`: the `next` of the page before, '' at the start. */
export interface PageRequest {
  readonly after: string;
  readonly limit: number;
}

export interface Page<T> {
  readonly items: T[];
  readonly next: string | undefined;
}

/** undefined: the start. */
export function positionOf(after: string): Position | undefined {
  const dot = after.indexOf('.');
  return dot < 0 ? undefined : { createdUs: after.slice(0, dot), id: after.slice(dot + 1) };
}

/** @param rows one more than `limit` when there is a page behind this one */
export function pageOf<Row extends { created_us: string }, T>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => T,
  idOf: (row: Row) => string,
): Page<T> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last ? `${last.created_us}.${idOf(last)}` : undefined;
  return { items: page.map(toItem), next };
}
