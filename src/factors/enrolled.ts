import type { Db } from '#src/db/index.ts';
import { type Passkey, toPasskey } from './passkey.ts';
import { findEnrolled } from './queries.ts';

/** What an account has. None of it opens anything. */
export interface Enrolled {
  readonly totp: { readonly createdAt: Date; readonly lastUsedAt: Date | undefined } | undefined;
  /** In order of registration. */
  readonly passkeys: readonly Passkey[];
  readonly recoveryCodesLeft: number;
  readonly recoveryCodesCreatedAt: Date | undefined;
}

/** Recovery codes stand in for a second factor: with the last one they go, too. */
export function isLastFactor({ totp, passkeys }: Enrolled): boolean {
  return (totp ? 1 : 0) + passkeys.length === 1;
}

export async function enrolledOf(db: Db, accountId: string): Promise<Enrolled> {
  const rows = await findEnrolled(db, accountId);
  const [codes] = rows;
  return {
    totp: codes.totp_created_at
      ? { createdAt: codes.totp_created_at, lastUsedAt: codes.totp_last_used_at ?? undefined }
      : undefined,
    passkeys: rows.flatMap((row) => (row.id === null ? [] : [toPasskey(row)])),
    recoveryCodesLeft: codes.recovery_codes_left,
    recoveryCodesCreatedAt: codes.recovery_codes_created_at ?? undefined,
  };
}
