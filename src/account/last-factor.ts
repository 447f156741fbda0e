import type { Enrolled } from '#src/factors/index.ts';

/** Recovery codes stand in for a second factor: with the last one they go, too. */
export function isLastFactor({ totp, passkeys }: Enrolled): boolean {
  return (totp ? 1 : 0) + passkeys.length === 1;
}
