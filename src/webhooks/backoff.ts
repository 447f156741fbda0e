/** For so long a delivery is tried, from when it is made or asked for once more. */
export const LIFETIME_SECONDS = 24 * 60 * 60;

const FIRST_SECONDS = 5;
const LONGEST_SECONDS = 60 * 60;

/**
 * Seconds to wait after so many failures in a row: twice as long each time. With jitter of a half either way, or all that a
 * target could not take at one moment would come again at another.
 */
export function backoff(failures: number, random = Math.random): number {
  return Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (failures - 1)) * (0.5 + random());
}
