import type { KeyRow } from './queries.ts';

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** A key that signs for a quarter of a year, a common rule of auditors, leaves little to whoever breaks or copies it. */
const ROTATION_AGE_S = 90 * DAY_S;
/** As long as anybody is known to keep a key set: our own Cache-Control says minutes, some gateways keep it for a day. */
export const PUBLICATION_S = DAY_S;
/** Timers are not exact over days, and a clock may be set. */
const LONGEST_SLEEP_MS = HOUR_S * 1000;

const later = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1000);

/** When a key without a successor gets one. */
const publishesAt = ({ signs_from }: KeyRow) => later(signs_from, ROTATION_AGE_S - PUBLICATION_S);

/** Is it time to publish the key that will follow this one? */
export function isDue(row: KeyRow): boolean {
  return row.signs_until === null && publishesAt(row) <= row.now;
}

/** Until a key begins to sign, ends, retires or needs a successor. */
export function millisecondsToNextMoment(rows: readonly KeyRow[]): number {
  const waits = rows.flatMap((row) =>
    [row.signs_from, row.signs_until ?? publishesAt(row), row.retires_at]
      .map((moment) => (moment ? moment.getTime() - row.now.getTime() : 0))
      .filter((wait) => wait > 0),
  );
  return Math.min(LONGEST_SLEEP_MS, ...waits);
}
